package feel

import (
	"encoding/json"
	"math"
	"reflect"
	"sync"
	"testing"
)

func TestAMapIsPassedOnAsItIs(t *testing.T) {
	of := map[string]any{"price": json.Number("1.50"), "list": []any{map[string]any{"n": nil, "b": true}}, "text": "x"}
	got, warnings, err := evaluate("{answer: response.body}", Map{"response": FromGo(map[string]any{"body": of})})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	answer := got.Go().(map[string]any)["answer"].(map[string]any)
	if reflect.ValueOf(answer).Pointer() != reflect.ValueOf(of).Pointer() {
		t.Errorf("got a copy: %v", answer)
	}
	if text := string(got.JSON()); text != `{"answer":{"list":[{"b":true,"n":null}],"price":1.5,"text":"x"}}` {
		t.Errorf("as JSON %s", text)
	}
}

func TestAMapThatIsNoJSONIsConverted(t *testing.T) {
	for _, of := range []map[string]any{{"v": Int(1)}, {"v": []any{Int(1)}}, {"v": map[string]any{"w": math.NaN()}}, {"v": []string{"a"}}} {
		v := FromGo(of)
		want, _ := json.Marshal(v)
		if got, err := json.Marshal(v.Go()); err != nil || string(got) != string(want) {
			t.Errorf("%v: %s, %v, want %s", of, got, err, want)
		}
	}
}

// What a map will weigh is what its values weigh once they are converted.
func TestWeightOfAMap(t *testing.T) {
	text := string(make([]byte, 200))
	of := map[string]any{"a": []any{json.Number("1"), text, nil, map[string]any{text: text}}, "b": true, "c": []int{1, 2, 3}}
	v := FromGo(of)
	before := v.weight()
	c := newContext(0)
	for _, e := range v.context().entries {
		c.put(e.Name, e.Value)
	}
	if before != c.weight || before != FoldCase(v).weight() {
		t.Errorf("weighs %d, its entries %d, folded %d", before, c.weight, FoldCase(v).weight())
	}
}

func TestFolding(t *testing.T) {
	of := map[string]any{"status": 200, "Headers": map[string]any{"Etag": "1"}, "error": map[string]any{"headers": map[string]any{"ETAG": "2"}}}
	scope := Map{"r": FromGoFolding(of, "headers"), "null": FromGoFolding(nil, "headers")}
	for src, want := range map[string]string{
		"r.Headers.etag": "1", "r.error.headers.eTag": "2", "r.Status": "null", "r.headers": "null", "count(get entries(r))": "3", "null": "null",
	} {
		if v, _, err := evaluate(src, scope); err != nil || v.String() != want {
			t.Errorf("%s: %s, %v, want %s", src, v, err, want)
		}
	}
	if got := scope["r"].Go(); !reflect.DeepEqual(got, any(of)) {
		t.Errorf("got %v", got)
	}
}

// Values are immutable, also for those who share one.
func TestAMapIsSharedByMany(t *testing.T) {
	v := FromGoFolding(map[string]any{"a": map[string]any{"b": []any{map[string]any{"c": 1}}}, "headers": map[string]any{"D": "2"}}, "headers")
	p := mustCompile(t, `{c: v.a.b[1].c, d: v.headers.d, all: v}`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			res, err := p.Eval(t.Context(), Map{"v": v})
			if got := string(res.Value.JSON()); err != nil || got != `{"c":1,"d":"2","all":{"a":{"b":[{"c":1}]},"headers":{"D":"2"}}}` {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	all.Wait()
}

type lenient struct{ Map }

func (lenient) MayLack(name string) bool { return name == "error" }

func TestVariablesThatMayBeMissing(t *testing.T) {
	for src, want := range map[string]int{"error": 0, "error.code = \"404\"": 0, "error = null": 0, "other": 1, "{f: function(x) error, y: f(1)}": 0} {
		res, err := mustCompile(t, src).Eval(t.Context(), lenient{})
		if err != nil || len(res.Warnings) != want {
			t.Errorf("%s: %v, %v", src, res.Warnings, err)
		}
	}
}
