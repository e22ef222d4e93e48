package value

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func standard(data []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err = d.Decode(&v); err == nil && d.More() {
		err = &SyntaxError{Msg: "more"}
	}
	return v, err
}

var texts = []string{
	`null`, `true`, ` false `, `0`, `-0`, `12.50`, `1e5`, `-1.5E-7`, `12345678901234567890`, `""`, `"a\"\\\/\b\f\n\r\t"`, `"\u00e9\ud83d\ude00\ud800x"`,
	`"é😀"`, "\"\xff\"", `[]`, `[1,[2,{}]]`, `{}`, `{"a":1,"b":{"c":[null]},"a":2}`, "\t{ \"a\" : [ 1 , 2 ] }\n",
	``, `nul`, `01`, `1.`, `.5`, `-`, `1e`, `"`, `"\x"`, `"\u12"`, "\"a\nb\"", `[1,]`, `[1 2]`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1,}`, `[`, `{`, `1 2`, `truex`,
}

func TestDecodeAgreesWithTheStandardLibrary(t *testing.T) {
	for _, text := range texts {
		got, err := Decode([]byte(text))
		want, wantErr := standard([]byte(text))
		if (err == nil) != (wantErr == nil) && !trailing(text) {
			t.Errorf("Decode(%q): error %v, standard library %v", text, err, wantErr)
		} else if err == nil && !cmp.Equal(got, want) {
			t.Errorf("Decode(%q) = %#v, want %#v", text, got, want)
		}
	}
}

// trailing texts are cases that a stream decoder reads part of.
func trailing(text string) bool { return text == "01" || text == "1 2" || text == "truex" }

func TestDecodeBoundsDepth(t *testing.T) {
	if _, err := Decode([]byte(strings.Repeat("[", 2000) + strings.Repeat("]", 2000))); err == nil {
		t.Error("2000 levels were read")
	}
	if _, err := Pick([]byte(`{"a":`+strings.Repeat("[", 5000)), func(string) bool { return false }); err == nil {
		t.Error("5000 levels were skipped")
	}
}

func TestPick(t *testing.T) {
	got, err := Pick([]byte(` {"a": {"x": [1, "}"]} , "b\n":"\"",  "c": -1.5e3, "a": 2}`), func(name string) bool { return name != "c" })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"a": json.Number("2"), "b\n": `"`}, got); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{`[]`, `1`, ``, `{"a":1`, `{} {}`, `{"a":[1,}`, `{"a":{"b" 1}}`, `{"a":nul}`} {
		if got, err := Pick([]byte(text), func(string) bool { return false }); err == nil {
			t.Errorf("Pick(%q) = %v, want an error", text, got)
		}
	}
}

func TestAppend(t *testing.T) {
	big1, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	tests := []struct {
		v    any
		want string
	}{
		{nil, `null`}, {true, `true`}, {1, `1`}, {int64(-5), `-5`}, {1.5, `1.5`}, {1e21, `1e+21`}, {3.0, `3`}, {big1, big1.String()},
		{json.Number("1.50"), `1.50`}, {"<a>&\u2028\"\\\n\x01é\xff", "\"<a>&\u2028\\\"\\\\\\n\\u0001é\uFFFD\""},
		{[]any{}, `[]`}, {map[string]any{"b": []any{1, "x"}, "a": nil}, `{"a":null,"b":[1,"x"]}`}, {map[string]string{"k": "<v>"}, `{"k":"<v>"}`},
	}
	for _, tt := range tests {
		got, err := Append(nil, tt.v)
		if err != nil || string(got) != tt.want {
			t.Errorf("Append(%#v) = %s, %v; want %s", tt.v, got, err, tt.want)
		}
	}
	for _, v := range []any{json.Number(""), json.Number("1x"), func() {}, math.NaN(), math.Inf(1), []any{math.Inf(-1)}} {
		if got, err := Append(nil, v); err == nil {
			t.Errorf("Append(%#v) = %s, want an error", v, got)
		}
	}
}

func TestLongNumbers(t *testing.T) {
	long := strings.Repeat("9", MaxDigits+1)
	for _, text := range []string{long, "[" + long + "]", `{"a":-` + long + "}", "0." + long, "1e" + long} {
		if _, err := Decode([]byte(text)); err == nil {
			t.Errorf("%.10s... was read", text)
		}
		if v, err := DecodeLong([]byte(text)); err != nil || !HasLongNumber(v) {
			t.Errorf("%.10s... as a long number: %v", text, err)
		}
	}
	if !HasLongNumber(map[string]any{"a": []any{1, json.Number(long)}}) || HasLongNumber([]any{json.Number(long[1:]), long}) {
		t.Error("HasLongNumber is wrong")
	}
}

func TestMerge(t *testing.T) {
	a := map[string]any{"x": 1, "deep": map[string]any{"a": 1, "b": 2}, "list": []any{1}}
	b := map[string]any{"deep": map[string]any{"b": nil, "c": 3}, "list": []any{2}}
	want := map[string]any{"x": 1, "deep": map[string]any{"a": 1, "b": nil, "c": 3}, "list": []any{2}}
	if diff := cmp.Diff(want, Merge(a, b)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"a": 1, "b": 2}, a["deep"]); diff != "" {
		t.Errorf("Merge changed its argument:\n%s", diff)
	}
}

func TestSize(t *testing.T) {
	var v any = []any{"x"}
	for range 60 {
		v = []any{v, v}
	}
	if n, ok := Size(v, 1<<20); n <= 1<<20 || !ok {
		t.Errorf("Size of a shared tree = %d, %v", n, ok)
	}
	v = nil
	for range MaxDepth + 2 {
		v = []any{v}
	}
	if _, ok := Size(v, 1<<30); ok {
		t.Error("too deep a value passed")
	}
	if n, ok := Size(map[string]any{"a": "bc"}, 1000); n != 16+48+1+16+2 || !ok {
		t.Errorf("Size = %d, %v", n, ok)
	}
}

func TestPlain(t *testing.T) {
	in := map[string]any{"a": []any{1, big.NewInt(7)}, "b": math.NaN(), "c": "x"}
	want := map[string]any{"a": []any{1, json.Number("7")}, "b": nil, "c": "x"}
	if diff := cmp.Diff(want, Plain(in)); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q was read but is no JSON", data)
		}
		out, err := Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(out)
		if err != nil || !cmp.Equal(v, again) {
			t.Fatalf("%q came back as %q", data, out)
		}
	})
}

var text500 = []byte(`{"url":"https://api.example.com/v1/orders/4711","method":"POST","headers":{"Content-Type":"application/json","X-Request-Id":"a1b2c3"},` +
	`"body":{"customer":{"id":4711,"name":"Ada Lovelace","vip":true},"items":[{"sku":"A-1","count":2,"price":12.50},{"sku":"B-7","count":1,"price":99.00}]},` +
	`"authentication":{"type":"bearer","token":"{{secrets.TOKEN}}"},"orderId":"o-4711","total":124.00,"approved":null,"note":"Please deliver before noon, thank you."}`)

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(text500)))
	for b.Loop() {
		if _, err := Decode(text500); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	v, _ := Decode(text500)
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = Append(buf[:0], v); err != nil {
			b.Fatal(err)
		}
	}
}

// DecodedSize is what decoding takes, up to half as much again or less.
func TestDecodedSize(t *testing.T) {
	tests := map[string]string{
		"objects of one": `{"a":1},`,
		"empty objects":  `{},`,
		"empty lists":    `[],`,
		"numbers":        `1,`,
		"texts":          `"some text",`,
		"nested lists":   strings.Repeat("[", 50) + strings.Repeat("]", 50) + ",",
		"nested objects": strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50) + ",",
		"records":        `{"id":"0123456789","name":"some name of a thing","price":12.5,"tags":["a","b"],"active":true},`,
	}
	for name, unit := range tests {
		text := []byte("[" + strings.Repeat(unit, 1<<20/len(unit)) + "0]")
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		v, err := DecodeLong(text)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		held := int64(after.HeapAlloc) - int64(before.HeapAlloc) + int64(len(text))
		estimate := DecodedSize(text)
		t.Logf("%s: %d of estimated %d KiB", name, held>>10, estimate>>10)
		if estimate < held || estimate > 4*held {
			t.Errorf("%s: %d bytes are held, estimated %d", name, held, estimate)
		}
		runtime.KeepAlive(v)
	}
	for _, text := range []string{"", "  ", `"[[[{{{,,,"`, "a,b\n1,2"} {
		if got := DecodedSize([]byte(text)); got != int64(len(text)) {
			t.Errorf("%q: got %d", text, got)
		}
	}
}

func BenchmarkDecodedSize(b *testing.B) {
	text := []byte("[" + strings.Repeat(`{"id":"0123456789","price":12.5},`, 32<<10) + "0]")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		DecodedSize(text)
	}
}
