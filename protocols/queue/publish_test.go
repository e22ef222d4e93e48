package queue

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/protocols"
)

// flaky publishes over connections that fail as errs say, one each.
type flaky struct {
	errs []error
	opener
	got []Message
}

func (f *flaky) Publication(_ context.Context, _ protocols.Host, input any) (Publication, error) {
	return Publication{
		Address: &url.URL{Scheme: "test", Host: "broker", Path: "/orders"}, Connection: "c", Connect: f.open,
		Message: Message{Target: "orders", Value: []byte(input.(string)), Headers: []Header{{"X-Own", []byte("1")}}},
	}, nil
}

func (f *flaky) Subscription(protocols.InboundHost, any) (Subscription, error) {
	return Subscription{}, errors.New("not here")
}

func (f *flaky) open(context.Context) (Producer, error) {
	n := int(f.opened.Add(1)) - 1
	if n < len(f.errs) {
		return recording{f, counted{&f.published, &f.closed, f.errs[n]}}, nil
	}
	return recording{f, counted{&f.published, &f.closed, nil}}, nil
}

type recording struct {
	f *flaky
	counted
}

func (r recording) Publish(ctx context.Context, m Message) (map[string]any, error) {
	r.f.got = append(r.f.got, m)
	return r.counted.Publish(ctx, m)
}

func (f *flaky) outbound(t *testing.T, h protocols.Host) *outbound {
	o := newOutbound(Broker{Driver: f}, h)
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func TestPublishAgain(t *testing.T) {
	unsentError := &protocols.Error{Message: "closed", Unsent: true, Cause: ErrDisconnected}
	sentError := &protocols.Error{Message: "closed after sending", Cause: ErrDisconnected}
	for _, test := range []struct {
		name      string
		errs      []error
		want      string
		published int64
	}{
		{"a connection that had ended", []error{unsentError}, "", 2},
		{"two of them", []error{unsentError, unsentError}, "closed", 2},
		{"the broker may have the message", []error{sentError}, "closed after sending", 1},
		{"a refusal", []error{&protocols.Error{Code: "NO", Message: "refused", Unsent: true}}, "refused", 1},
		{"an error without a name", []error{errors.New("odd")}, "publish to test://broker/orders: odd", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &flaky{errs: test.errs}
			_, err := f.outbound(t, protocols.Host{}).Execute(t.Context(), protocols.Call{Input: "x"})
			if text := textOfError(err); text != test.want || f.published.Load() != test.published {
				t.Errorf("got %q after %d publications, want %q after %d", text, f.published.Load(), test.want, test.published)
			}
			var known *protocols.Error
			if err != nil && !errors.As(err, &known) {
				t.Errorf("%T is no *protocols.Error", err)
			}
		})
	}
}

func textOfError(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPublishLimit(t *testing.T) {
	f := &flaky{}
	o := f.outbound(t, protocols.Host{Limits: protocols.Limits{RequestBody: 3}})
	if _, err := o.Execute(t.Context(), protocols.Call{Input: "four"}); !protocols.IsInputError(err) {
		t.Errorf("got %v, want an input error", err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestChain: what wraps the HTTP transport sees publications, adds headers to
// them and answers in their place.
func TestChain(t *testing.T) {
	f := &flaky{}
	answer := func(r *http.Request) *http.Response { return nil }
	o := f.outbound(t, protocols.Host{WrapTransport: func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if resp := answer(r); resp != nil {
				return resp, nil
			}
			r = r.Clone(r.Context())
			r.Header.Set("Traceparent", "00-1")
			return next.RoundTrip(r)
		})
	}})
	var seen protocols.Exchange
	out, err := o.Execute(t.Context(), protocols.Call{Input: "x", Observe: func(e protocols.Exchange) { seen = e }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"confirmed": true}, out.Value); diff != "" {
		t.Error(diff)
	}
	want := []Header{{"X-Own", []byte("1")}, {"traceparent", []byte("00-1")}}
	if diff := cmp.Diff(want, f.got[0].Headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if seen.Method != "PUBLISH" || seen.URL != "test://broker/orders" || string(seen.ResponseBody) != `{"confirmed":true}` || string(seen.RequestBody) != "x" {
		t.Errorf("observed %+v", seen)
	}
	for _, test := range []struct {
		status   int
		body     string
		want     any
		wantText string
	}{
		{200, `{"offset":3}`, map[string]any{"offset": "3"}, ""},
		{200, ``, map[string]any{}, ""},
		{200, `{`, nil, "publish to test://broker/orders: read the stub's answer: expected JSON: unexpected EOF"},
		{503, `busy`, nil, "busy"},
	} {
		answer = func(r *http.Request) *http.Response {
			if content, _ := io.ReadAll(r.Body); string(content) != "x" {
				t.Errorf("the stub saw %q", content)
			}
			return &http.Response{StatusCode: test.status, Body: io.NopCloser(strings.NewReader(test.body))}
		}
		out, err := o.Execute(t.Context(), protocols.Call{Input: "x"})
		if textOfError(err) != test.wantText {
			t.Errorf("%d %s: got %v, want %q", test.status, test.body, err, test.wantText)
		}
		if object, ok := out.Value.(map[string]any); ok && object["offset"] != nil {
			out.Value = map[string]any{"offset": textOfNumber(object["offset"])}
		}
		if diff := cmp.Diff(test.want, out.Value); err == nil && diff != "" {
			t.Errorf("%d %s: %s", test.status, test.body, diff)
		}
	}
}

func textOfNumber(v any) string { return v.(interface{ String() string }).String() }
