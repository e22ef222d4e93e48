package webhook

import (
	"context"
	"strings"
	"testing"

	"patchbay/protocols"
	"patchbay/protocols/protocoltest"
	"patchbay/protocols/value"
)

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := value.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sampledOnce takes a made-up request and returns the answer and the event.
func sampledOnce(t *testing.T, in Inbound, text string) (*protocols.Answer, any, []string, error) {
	t.Helper()
	surroundings := protocoltest.NewInboundHost(t)
	l, err := open(surroundings.Host(protocols.Host{}, protocols.ElementRef{ElementID: "e", ElementType: "startEvent"}), &Properties{in})
	if err != nil {
		t.Fatal(err)
	}
	var event any
	answer, err := l.(protocols.Sampler).Sample(t.Context(), []byte(text), func(_ context.Context, e protocols.Event) (protocols.Correlation, error) {
		event = e.Value
		return protocols.Correlation{Matched: true}, nil
	})
	return answer, event, surroundings.Notes(), err
}

// TestSampleSigned signs a made-up request by every scheme, and has it pass.
func TestSampleSigned(t *testing.T) {
	base := func() Inbound {
		return Inbound{Context: "hook", Method: "any", ShouldValidateHmac: "disabled", HmacAlgorithm: "sha_256",
			Signature: Signature{Scheme: "none", Tolerance: 300e9}, Auth: Auth{Type: "NONE"}, ResponseTimeout: 1e9}
	}
	for _, c := range []struct {
		name   string
		change func(*Inbound)
		note   string
	}{
		{"nothing", func(*Inbound) {}, "nothing is checked"},
		{"HMAC of the body", func(in *Inbound) {
			in.ShouldValidateHmac, in.HmacSecret, in.HmacHeader = "enabled", "key", "X-Mac"
		}, "passed: HMAC X-Mac"},
		{"HMAC of URL and body", func(in *Inbound) {
			in.ShouldValidateHmac, in.HmacSecret, in.HmacHeader, in.HmacScopes = "enabled", "key", "X-Mac", []any{"url", "body"}
		}, "passed: HMAC"},
		{"standard", func(in *Inbound) { in.Signature.Scheme, in.Signature.Secrets = "standard-webhooks", "whsec_c2VjcmV0" }, "passed: signature standard-webhooks"},
		{"stripe", func(in *Inbound) { in.Signature.Scheme, in.Signature.Secrets = "stripe", "whsec_x" }, "passed: signature stripe"},
		{"slack", func(in *Inbound) { in.Signature.Scheme, in.Signature.Secrets = "slack", "key" }, "passed: signature slack"},
		{"github", func(in *Inbound) { in.Signature.Scheme, in.Signature.Secrets = "github", "key" }, "passed: signature github"},
		{"shopify", func(in *Inbound) { in.Signature.Scheme, in.Signature.Secrets = "shopify", "key" }, "passed: signature shopify"},
		{"custom", func(in *Inbound) {
			in.Signature.Scheme, in.Signature.Secrets, in.Signature.Header = "custom", "key", "X-Sig"
			in.Signature.Content, in.Signature.IDHeader, in.Signature.Encoding = "{id}:{url}:{body}", "X-Id", "base64"
		}, "passed: signature custom"},
		{"basic and HMAC", func(in *Inbound) {
			in.ShouldValidateHmac, in.HmacSecret, in.HmacHeader = "enabled", "key", "X-Mac"
			in.Auth = Auth{Type: "BASIC", Username: "u", Password: "p"}
		}, "passed: HMAC X-Mac, authentication BASIC"},
		{"API key", func(in *Inbound) { in.Auth = Auth{Type: "APIKEY", APIKey: "k"} }, "passed: authentication APIKEY"},
		{"API key in a header", func(in *Inbound) {
			in.Auth = Auth{Type: "APIKEY", APIKey: "k", APIKeyLocator: `.request.headers["x-key"]`}
		}, "passed: authentication APIKEY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := base()
			c.change(&in)
			answer, event, notes, err := sampledOnce(t, in, `{"body": {"a": 1}, "params": {"b": "c d", "n": 1}, "sign": true}`)
			if err != nil || answer.Status != 200 || event == nil {
				t.Fatalf("answer %+v, event %v, error %v", answer, event, err)
			}
			if all := strings.Join(notes, "\n"); !strings.Contains(all, c.note) {
				t.Errorf("notes %q do not tell %q", all, c.note)
			}
			if c.note == "nothing is checked" {
				return
			}
			if answer, event, _, _ := sampledOnce(t, in, `{"body": {"a": 1}}`); answer.Status != 401 || event != nil {
				t.Errorf("without a signature: %+v, event %v", answer, event)
			}
		})
	}
}

// TestSample makes requests as they are described.
func TestSample(t *testing.T) {
	in := Inbound{Context: "a/b", Method: "put", ShouldValidateHmac: "disabled", HmacAlgorithm: "sha_256",
		Signature: Signature{Scheme: "none"}, Auth: Auth{Type: "NONE"}, ResponseTimeout: 1e9, ResponseExpression: `{statusCode: 202, body: {got: .request.body}}`}
	for _, c := range []struct{ name, sample, event, body, err string }{
		{"JSON", `{"body": {"a": 1.50}, "headers": {"X-A": "b"}}`, `"body":{"a":1.50}`, `{"got":{"a":1.50}}`, ""},
		{"a form", `{"body": "a=1&b=2", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}`, `"body":{"a":"1","b":"2"}`, `{"got":{"a":"1","b":"2"}}`, ""},
		{"text", `{"body": "hello"}`, `"body":"hello"`, `{"got":"hello"}`, ""},
		{"nothing", `{}`, `"body":{}`, `{"got":{}}`, ""},
		{"a query", `{"params": {"q": "x y", "n": 7}}`, `"params":{"n":"7","q":"x y"}`, `{"got":{}}`, ""},
		{"another method", `{"method": "get"}`, `null`, `METHOD_NOT_SUPPORTED`, ""},
		{"no method", `{"method": "a b"}`, ``, ``, "event: "},
		{"an unknown member", `{"header": {}}`, ``, ``, `event: "header" is not known here`},
		{"a list", `[]`, ``, ``, "event: expected an object but got array"},
		{"a header that is no text", `{"headers": {"a": 1}}`, ``, ``, "event.headers: expected a text but got number"},
		{"sign that is none", `{"sign": "yes"}`, ``, ``, "event.sign: expected true or false but got string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, event, _, err := sampledOnce(t, in, c.sample)
			if c.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.err) {
					t.Errorf("error %v, expected %s", err, c.err)
				}
				return
			}
			if got := jsonOf(t, event); err != nil || !strings.Contains(got, c.event) {
				t.Errorf("event %s, error %v", got, err)
			}
			if !strings.Contains(string(answer.Body), c.body) {
				t.Errorf("answer %s, expected %s", answer.Body, c.body)
			}
		})
	}
}
