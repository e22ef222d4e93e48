package httpx

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"patchbay/protocols"
)

// A header's value is text, whatever charset the server writes it in.
func TestHeaders(t *testing.T) {
	got := Headers(http.Header{"A": {"\xfcber"}, "B": {"über", "\xfc"}, "C": {""}})
	want := map[string]any{"A": "über", "B": []any{"über", "ü"}, "C": ""}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	host := testHost(t)
	host.Now = func() time.Time { return now }
	c := testClient(t, host)
	tests := []struct {
		status      int
		name, value string
		want        time.Duration
		temporary   bool
	}{
		{503, "Retry-After", "7", 7 * time.Second, true},
		{503, "Retry-After", "Fri, 01 Mar 2024 12:01:00 GMT", time.Minute, true},
		{503, "Retry-After", "Fri, 01 Mar 2024 11:00:00 GMT", 0, true},
		{503, "Retry-After", "soon", 0, true},
		{503, "Retry-After", "-5", 0, true},
		{503, "Retry-After", "1e300", 365 * 24 * time.Hour, true},
		{429, "Retry-After-Ms", "250", 250 * time.Millisecond, true},
		{429, "RateLimit-Reset", "30", 30 * time.Second, true},
		{429, "X-RateLimit-Reset", "1709294430", 30 * time.Second, true},
		{429, "X-Rate-Limit-Reset", "1709294460", time.Minute, true},
		{429, "X-RateLimit-Reset", "nonsense", 0, true},
		{500, "X-RateLimit-Reset", "30", 0, false},
		{403, "Retry-After", "60", time.Minute, true},
		{403, "X-Other", "60", 0, false},
		{404, "X-Other", "", 0, false},
		{408, "X-Other", "", 0, true},
		{502, "X-Other", "", 0, true},
		{504, "X-Other", "", 0, true},
	}
	for _, tt := range tests {
		resp := &http.Response{StatusCode: tt.status, Header: http.Header{}, Body: &contentBody{}}
		resp.Header.Set(tt.name, tt.value)
		e := c.StatusError(resp)
		if e.RetryAfter != tt.want || e.Temporary != tt.temporary {
			t.Errorf("%d %s: %s: got %v, temporary %v", tt.status, tt.name, tt.value, e.RetryAfter, e.Temporary)
		}
	}
	used := &http.Response{StatusCode: 403, Body: &contentBody{}, Header: http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"1709294460"}}}
	if e := c.StatusError(used); e.RetryAfter != time.Minute || !e.Temporary {
		t.Errorf("used up: got %+v", e)
	}
}

func TestJSON(t *testing.T) {
	long := strings.Repeat("9", 2000)
	for text, want := range map[string]string{
		` {"b":"<&>","a":1.50} `: `{"a":1.50,"b":"<&>"}`,
		`{"a":1,"a":2}`:          `{"a":2}`,
		`{} {}`:                  "invalid JSON at byte 3: text after the value",
		`[` + "\xff" + `]`:       "invalid JSON at byte 1: unexpected character 'ÿ'",
	} {
		got := ""
		if v, err := DecodeJSON([]byte(text)); err != nil {
			got = err.Error()
		} else if encoded, err := EncodeJSON(v); err == nil {
			got = string(encoded)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	// Whoever runs the call refuses these, by a check of its own.
	if v, err := DecodeJSON([]byte(long)); err != nil || v != json.Number(long) {
		t.Errorf("a long number: got %.9v, %v", v, err)
	}
}

func TestText(t *testing.T) {
	tests := []struct{ content, contentType, want string }{
		{"plain", "", "plain"},
		{"gr\xfcn", "text/plain; charset=ISO-8859-1", "grün"},
		{"\x80", "text/html;charset=\"windows-1252\"", "€"},
		{"a\x00b\x00", "text/plain; charset=utf-16le", "ab"},
		{"\xfe\xff\x00a", "text/plain; charset=utf-16", "a"},
		{"\xff\xfea", "text/plain; charset=utf-8", "\ufffd\ufffda"},
		{"\xc3\xbc", "text/plain; charset=unheard-of", "ü"},
		{"\xc3\xbc", "text/plain; charset", "ü"},
		{"\xef\xbb\xbfx", "", "x"},
	}
	for _, tt := range tests {
		if got := Text([]byte(tt.content), tt.contentType); got != tt.want {
			t.Errorf("%q as %q: got %q, want %q", tt.content, tt.contentType, got, tt.want)
		}
	}
}

func TestAsError(t *testing.T) {
	wrapped := &protocols.InputError{Path: "url", Message: "m"}
	if err := AsError(wrapped, "graphql.url"); err.Error() != "graphql.url: m" {
		t.Errorf("got %v", err)
	}
	if err := AsError(&protocols.InputError{Path: "clientTls", Message: "m"}, "url"); err.Error() != "clientTls: m" {
		t.Errorf("got %v", err)
	}
	if err := AsError(http.ErrUseLastResponse, "url"); failure(t, err).Code != "500" {
		t.Errorf("got %v", err)
	}
	if err := AsError(nil, "url"); err != nil {
		t.Errorf("got %v", err)
	}
}
