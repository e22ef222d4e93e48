package httpx

import (
	"errors"
	"testing"

	"patchbay/protocols"
)

func param(name, value string) Param { return Param{Name: name, Value: value} }

// What Camunda's connector 8.8 requested for these URLs.
func TestEncodeURL(t *testing.T) {
	tests := []struct {
		in     string
		params []Param
		raw    bool
		want   string
	}{
		{in: "/hello, world!", want: "/hello,%20world!"},
		{in: "/hello%2C%20world%21", want: "/hello,%20world!"},
		{in: "/über uns", want: "/%C3%BCber%20uns"},
		{in: "/hello%2C%26world%21", want: "/hello,&world!"},
		{in: "/a%2Fb/%C3%BC?x=a%26b%20c", want: "/a%2Fb/%C3%BC?x=a%26b%20c"},
		{in: "?query=hello%3Aworld%3F", want: "?query=hello:world?"},
		{in: "/hello+world", want: "/hello%2Bworld"},
		{in: "?hello+world", want: "?hello%20world"},
		{in: "?a=%2F", want: "?a=/"},
		{in: `/{id}/[x]?f={a}|b&g="h"`, want: "/%7Bid%7D/%5Bx%5D?f=%7Ba%7D%7Cb&g=%22h%22"},
		{in: "//a//b/../c/./d", want: "//a//b/../c/./d"},
		{in: "/a;b=c", want: "/a;b=c"},
		{in: "?x&y=&x=2", want: "?x&y&x=2"},
		{in: "?token=abc==&n=1?m=2", want: "?token=abc%3D%3D&n=1?m%3D2"},
		{in: "?&&x=1&=b&", want: "?x=1"},
		{in: "?=b", want: ""},
		{in: "?y=", params: []Param{param("k", "")}, want: "?y&k="},
		{in: "/50%/%zz/%F", want: "/50%25/%25zz/%25F"},
		{in: "/%FF", want: "/%FF"},
		{in: "/a#fragment?b", want: "/a"},
		{in: "?a=b", params: []Param{param("andQuery", "São Paulo")}, want: "?a=b&andQuery=S%C3%A3o%20Paulo"},
		{in: "", params: []Param{param("q", "a:b/c"), {Name: "bare", Bare: true}}, want: "?q=a%3Ab%2Fc&bare"},
		{in: "?z=a:b", params: []Param{param("k", "v")}, want: "?z=a%3Ab&k=v"},
		{in: "?&", params: []Param{param("k", "v")}, want: "?k=v"},
		{in: "/path%2Fwith%2Fencoding", raw: true, want: "/path%2Fwith%2Fencoding"},
		{in: "/a%2Fb?x=%7B1%7D+2", raw: true, params: []Param{param("q", "a b:c")}, want: "/a%2Fb?x=%7B1%7D%2B2&q=a%20b%3Ac"},
	}
	for _, tt := range tests {
		u, err := EncodeURL("https://api.example.com"+tt.in, tt.raw, tt.params)
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
		} else if got := u.String(); got != "https://api.example.com"+tt.want {
			t.Errorf("%s: got %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestEncodeURLErrors(t *testing.T) {
	tests := []struct {
		in, want string
		raw      bool
	}{
		{"ftp://x/y", `url: invalid URL "ftp://x/y": expected http:// or https://`, false},
		{"x.com/y", `url: invalid URL "x.com/y": expected http:// or https://`, false},
		{"http:///y?key=hush", `url: invalid URL "http:///y": it has no host name`, false},
		{"http://:80/", `url: invalid URL "http://:80/": it has no host name`, false},
		{"http://a b/", `url: invalid URL "http://a b/": invalid character " " in host name`, false},
		{"http://a:port/", `url: invalid URL "http://a:port/": invalid port ":port" after host`, false},
		{"http://a/b c", `url: invalid URL "http://a/b c": a character that must be encoded, while skipEncoding is set`, true},
		{"http://a/%zz", `url: invalid URL "http://a/%zz": invalid URL escape "%zz"`, true},
	}
	for _, tt := range tests {
		_, err := EncodeURL(tt.in, tt.raw, nil)
		if err == nil || err.Error() != tt.want || !protocols.IsInputError(err) {
			t.Errorf("%s: got %v, want %s", tt.in, err, tt.want)
		}
	}
	var e *protocols.Error
	if _, err := EncodeURL("http://me:hush@x/", false, nil); !errors.As(err, &e) || e.Code != "500" {
		t.Errorf("user name: got %v", err)
	}
}

func TestEncodeURLKeepsCaseOfScheme(t *testing.T) {
	u, err := EncodeURL("  HTTP://Example.com:80/A ", false, nil)
	if err != nil || u.String() != "http://Example.com:80/A" {
		t.Errorf("got %v, %v", u, err)
	}
}

func FuzzEncodeURL(f *testing.F) {
	f.Add("http://a/b%2Fc?d=e%26f#g", "x y", false)
	f.Add("http://[::1]:80/%", "", true)
	f.Fuzz(func(t *testing.T, text, value string, raw bool) {
		u, err := EncodeURL(text, raw, []Param{param("p", value)})
		if err != nil {
			return
		}
		if raw || u.Host == "" {
			return
		}
		again, err := EncodeURL(u.String(), false, nil)
		if err != nil || again.Path != u.Path {
			t.Errorf("%q became %q and then %v, %v", text, u, again, err)
		}
	})
}

func BenchmarkEncodeURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncodeURL("https://api.example.com/v1/orders/12?expand=items", false, nil); err != nil {
			b.Fatal(err)
		}
	}
}
