package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// fakeRegistry is a schema registry in memory.
type fakeRegistry struct {
	*httptest.Server
	mu      sync.Mutex
	schemas []map[string]any // by number from 1
	asked   []string
	answer  int // 0, or the status of every answer
}

func newRegistryServer(t testing.TB) *fakeRegistry {
	f := &fakeRegistry{}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	user, password, _ := r.BasicAuth()
	f.asked = append(f.asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+user+password))
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case f.answer != 0:
		w.WriteHeader(f.answer)
		fmt.Fprintf(w, `{"error_code":%d,"message":"no"}`, f.answer)
	case r.Method == http.MethodPost:
		body, _ := io.ReadAll(r.Body)
		var schema map[string]any
		_ = json.Unmarshal(body, &schema)
		schema["subject"] = path[1]
		f.schemas = append(f.schemas, schema)
		fmt.Fprintf(w, `{"id":%d}`, len(f.schemas))
	case path[0] == "schemas":
		n, _ := strconv.Atoi(path[2])
		if n < 1 || n > len(f.schemas) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error_code":40403,"message":"Schema not found"}`)
			return
		}
		_ = json.NewEncoder(w).Encode(f.schemas[n-1])
	default: // GET /subjects/S/versions/N: the versions are the numbers here
		n, _ := strconv.Atoi(path[3])
		out := map[string]any{"id": n, "version": n}
		for name, v := range f.schemas[n-1] {
			out[name] = v
		}
		_ = json.NewEncoder(w).Encode(out)
	}
}

const order = `{"type":"record","name":"Order","fields":[
	{"name":"id","type":"long"},{"name":"note","type":["null","string"],"default":null},{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"}]}},"default":[]},
	{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"},"default":0},{"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2},"default":"\u0000"},
	{"name":"raw","type":"bytes","default":""},{"name":"ratio","type":"double","default":0}]}`

func codecOf(t *testing.T, s strategy, additional map[string]any) *codec {
	t.Helper()
	given, err := newSettings(at(additional), producerDefaults)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newCodec(testHost(), s, given)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func numbers(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// comparable is a value as JSON text.
func comparable(t *testing.T, v any) string {
	t.Helper()
	content, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestCodecs(t *testing.T) {
	registry := newRegistryServer(t)
	for _, s := range []strategy{
		{Type: inlineSchema, Schema: order, SchemaType: "avro"},
		{Type: inlineSchema, Schema: numbers(t, order), SchemaType: "avro"},
		{Type: schemaRegistry, Schema: order, SchemaType: "avro", RegistryURL: registry.URL},
	} {
		c := codecOf(t, s, nil)
		for given, want := range map[string]string{
			`{"id":9007199254740993,"note":"grüße","lines":[{"sku":"a"}],"at":1700000000000,"ratio":0.25,"unknown":1}`: `{"at":1700000000000,"id":9007199254740993,"lines":[{"sku":"a"}],"note":"grüße","price":0,"ratio":0.25,"raw":""}`,
			`{"id":1}`: `{"at":0,"id":1,"lines":[],"note":null,"price":0,"ratio":0,"raw":""}`,
		} {
			for _, v := range []any{numbers(t, given), strings.ReplaceAll(given, `"`, `'`)} {
				content, err := c.encode(t.Context(), "t", v)
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.decode(t.Context(), content)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, comparable(t, got.value)); diff != "" || got.raw != nil {
					t.Errorf("%s: raw %v, %s", s.Type, got.raw, diff)
				}
			}
		}
	}
	if n := len(registry.asked); n != 2 {
		t.Errorf("the registry was asked %d times, want to register once and to read once: %v", n, registry.asked)
	}
}

func TestJSONSchema(t *testing.T) {
	registry := newRegistryServer(t)
	c := codecOf(t, strategy{Type: schemaRegistry, Schema: `{"type":"object"}`, SchemaType: "json", RegistryURL: registry.URL},
		map[string]any{"basic.auth.credentials.source": "USER_INFO", "basic.auth.user.info": "me:secret"})
	content, err := c.encode(t.Context(), "orders", map[string]any{"a": "<&>"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "\x00\x00\x00\x00\x01" + `{"a":"<&>"}`; string(content) != want {
		t.Errorf("got %q, want %q", content, want)
	}
	got, err := c.decode(t.Context(), content)
	if err != nil || comparable(t, got.value) != comparable(t, map[string]any{"a": "<&>"}) || got.raw != `{"a":"<&>"}` {
		t.Errorf("got %v, %v", got, err)
	}
	if diff := cmp.Diff([]string{"POST /subjects/orders-value/versions mesecret"}, registry.asked); diff != "" {
		t.Error(diff)
	}
}

// A schema may refer to others in the registry.
func TestReferences(t *testing.T) {
	registry := newRegistryServer(t)
	registry.schemas = []map[string]any{
		{"subject": "line", "schema": `{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"}]}`},
		{"subject": "order", "schema": `{"type":"record","name":"Order","fields":[{"name":"first","type":"Line"},{"name":"last","type":"Line"}]}`,
			"references": []any{map[string]any{"name": "Line", "subject": "line", "version": 1}, map[string]any{"name": "Line2", "subject": "line", "version": 1}}},
	}
	c := codecOf(t, strategy{Type: schemaRegistry, SchemaType: "avro", RegistryURL: registry.URL}, nil)
	got, err := c.decode(t.Context(), []byte("\x00\x00\x00\x00\x02\x02a\x04bc"))
	if err != nil {
		t.Fatal(err)
	}
	if text := comparable(t, got.value); text != `{"first":{"sku":"a"},"last":{"sku":"bc"}}` {
		t.Errorf("got %s", text)
	}
}

func TestCodecFailures(t *testing.T) {
	registry := newRegistryServer(t)
	registered := strategy{Type: schemaRegistry, Schema: order, SchemaType: "avro", RegistryURL: registry.URL}
	inline := strategy{Type: inlineSchema, Schema: order, SchemaType: "avro"}
	for name, test := range map[string]struct {
		strategy
		value any
		want  string
		kafka string
	}{
		"no object":         {registered, "text", "Error during Kafka Producer execution; error message: [Message value must be a map for a schema based message]", kafkaSerialization},
		"a missing member":  {inline, map[string]any{"note": "x"}, "id", kafkaSerialization},
		"a wrong type":      {registered, map[string]any{"id": "x"}, "id", kafkaSerialization},
		"text for a record": {inline, "text", "Error during Kafka Producer execution", kafkaSerialization},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := codecOf(t, test.strategy, nil).encode(t.Context(), "t", test.value)
			var e *protocols.Error
			if !errors.As(err, &e) || e.Code != CodeFail || !strings.Contains(e.Message, test.want) || e.Variables["kafkaError"] != test.kafka || e.Temporary {
				t.Errorf("got %+v", err)
			}
		})
	}
	t.Run("the registry refuses", func(t *testing.T) {
		registry.answer = http.StatusConflict
		defer func() { registry.answer = 0 }()
		_, err := codecOf(t, registered, nil).encode(t.Context(), "t", map[string]any{"id": 1})
		var e *protocols.Error
		if !errors.As(err, &e) || e.Code != CodeFail || e.Temporary || e.Variables["registryStatus"] != http.StatusConflict {
			t.Errorf("got %+v", err)
		}
	})
	t.Run("the registry is not allowed", func(t *testing.T) {
		s, _ := newSettings(at(nil), producerDefaults)
		c, err := newCodec(protocols.Host{}, registered, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.encode(t.Context(), "t", map[string]any{"id": 1}); !protocols.IsInputError(err) || !strings.Contains(err.Error(), "allow") {
			t.Errorf("got %v, want an input error that names the flag", err)
		}
	})
	for name, s := range map[string]strategy{
		"no schema": {Type: inlineSchema}, "no Avro": {Type: inlineSchema, Schema: "{}"}, "no address": {Type: schemaRegistry, Schema: order},
		"a wrong address": {Type: schemaRegistry, Schema: order, RegistryURL: "registry"},
	} {
		given, _ := newSettings(at(nil), producerDefaults)
		if _, err := newCodec(testHost(), s, given); !protocols.IsInputError(err) {
			t.Errorf("%s: got %v, want an input error", name, err)
		}
	}
}

// What can never be read is told from what may be read later.
func TestUnreadable(t *testing.T) {
	registry := newRegistryServer(t)
	registry.schemas = []map[string]any{{"schema": `"string"`}, {"schema": `{`, "schemaType": "AVRO"}, {"schema": `{}`, "schemaType": "PROTOBUF"}}
	c := codecOf(t, strategy{Type: schemaRegistry, SchemaType: "avro", RegistryURL: registry.URL}, nil)
	temporary := func(content string) bool {
		_, err := c.decode(t.Context(), []byte(content))
		if err == nil {
			t.Fatalf("%q: got no error", content)
		}
		var e *protocols.Error
		return errors.As(err, &e) && e.Temporary
	}
	for _, content := range []string{"", "\x01\x00\x00\x00\x01\x00", "\x00\x00\x00", "\x00\x00\x00\x00\x09\x00", "\x00\x00\x00\x00\x02\x00", "\x00\x00\x00\x00\x03\x00", "\x00\x00\x00\x00\x01\x08a", "\x00\x00\x00\x00\x01\x02ab"} {
		if temporary(content) {
			t.Errorf("%q: the error is temporary", content)
		}
	}
	for _, status := range []int{http.StatusInternalServerError, http.StatusUnauthorized, http.StatusTooManyRequests} {
		if registry.answer = status; !temporary("\x00\x00\x00\x00\x08\x00") {
			t.Errorf("status %d: the error is not temporary", status)
		}
	}
	registry.Close()
	if !temporary("\x00\x00\x00\x00\x08\x00") {
		t.Error("a registry that is away: the error is not temporary")
	}
}

func TestEvent(t *testing.T) {
	c := codecOf(t, strategy{Type: noSchema}, nil)
	place := map[string]any{"partition": int64(2), "offset": int64(7), "timestamp": int64(9)}
	const tail = `"offset":7,"partition":2,"rawValue":%s,"timestamp":9,"topic":"t","value":%s}`
	for name, test := range map[string]struct {
		key, value []byte
		headers    []queue.Header
		want       string
	}{
		"JSON":            {[]byte("12"), []byte(`{"a": 1}`), nil, `{"key":12,` + fmt.Sprintf(tail, `"{\"a\": 1}"`, `{"a":1}`)},
		"text":            {[]byte("k-1"), []byte("hello"), nil, `{"key":"k-1",` + fmt.Sprintf(tail, `"hello"`, `"hello"`)},
		"single quotes":   {nil, []byte(`{'a':'it\'s "b"'}`), nil, `{"key":null,` + fmt.Sprintf(tail, `"{'a':'it\\'s \"b\"'}"`, `{"a":"it's \"b\""}`)},
		"control":         {nil, []byte("{\"a\":\"x\ny\"}"), nil, `{"key":null,` + fmt.Sprintf(tail, `"{\"a\":\"x\ny\"}"`, `{"a":"x\ny"}`)},
		"deleted":         {[]byte(`"k"`), nil, nil, `{"key":"k",` + fmt.Sprintf(tail, `null`, `null`)},
		"empty":           {[]byte{}, []byte{}, nil, `{"key":"",` + fmt.Sprintf(tail, `""`, `""`)},
		"no UTF-8":        {nil, []byte{0xff, 0}, nil, `{"key":null,` + fmt.Sprintf(tail, `"/wA="`, `"/wA="`)},
		"headers":         {nil, []byte("1"), []queue.Header{{Name: "a", Value: []byte("1")}, {Name: "a", Value: []byte("2")}, {Name: "n"}}, `{"headers":{"a":"2","n":""},"key":null,` + fmt.Sprintf(tail, `"1"`, `1`)},
		"number and text": {nil, []byte("123 abc"), nil, `{"key":null,` + fmt.Sprintf(tail, `"123 abc"`, `"123 abc"`)},
	} {
		got, err := event(context.Background(), c, queue.Message{Target: "t", Key: test.key, Value: test.value, Headers: test.headers, Properties: place})
		if err != nil {
			t.Fatal(err)
		}
		var want any
		if err := json.Unmarshal([]byte(strings.ReplaceAll(test.want, "\n", `\n`)), &want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(comparable(t, want), comparable(t, got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzDecode(f *testing.F) {
	registry := newRegistryServer(f)
	registry.schemas = []map[string]any{{"schema": order}}
	given, _ := newSettings(at(nil), producerDefaults)
	var codecs []*codec
	for _, s := range []strategy{{Type: noSchema}, {Type: inlineSchema, Schema: order}, {Type: schemaRegistry, SchemaType: "avro", RegistryURL: registry.URL}} {
		c, err := newCodec(testHost(), s, given)
		if err != nil {
			f.Fatal(err)
		}
		codecs = append(codecs, c)
	}
	for _, seed := range []string{`{'a':1}`, "\x00\x00\x00\x00\x01\x02\x00\x00", "\x02\x02\x02a\x02\x02b\x00", "{'\\"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, c := range codecs {
			if got, err := c.decode(context.Background(), content); err == nil {
				comparableFuzz(t, got.value)
			}
		}
	})
}

func comparableFuzz(t *testing.T, v any) {
	if _, err := json.Marshal(v); err != nil {
		t.Errorf("%v is no JSON: %v", v, err)
	}
}
