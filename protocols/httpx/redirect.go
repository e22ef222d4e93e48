package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"patchbay/protocols"
)

// maxRedirects is how many redirects one call follows, as Camunda's connector.
const maxRedirects = 50

// kept are the headers that go along to another origin. All others may carry
// credentials under a name that nobody but the API knows.
var kept = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Content-Encoding": true,
	"Content-Language": true, "Content-Type": true, "User-Agent": true,
}

// redirects follows the redirects of one call.
type redirects struct {
	first   *http.Request
	seen    map[string]bool
	crossed bool
	jar     *cookiejar.Jar
}

// next returns the request that an answer redirects to, or nil if it is no
// redirect. Credentials stay behind once a redirect leaves the origin, cookies
// that an answer sets go along to where they belong, and going round in a
// circle is an error.
func (r *redirects) next(req *http.Request, resp *http.Response) (*http.Request, error) {
	location := resp.Header.Get("Location")
	method, redirects := redirectMethod(req.Method, resp.StatusCode)
	if !redirects || location == "" {
		return nil, nil
	}
	if r.first == nil {
		r.first, r.seen = req, map[string]bool{req.Method + " " + req.URL.String(): true}
		r.jar, _ = cookiejar.New(nil) // without options it cannot fail
	}
	target, err := target(req.URL, location)
	if err != nil {
		return nil, refusedRedirect(err)
	}
	step := method + " " + target.String()
	if r.seen[step] {
		return nil, refusedRedirect(errors.New("the redirects go in a circle"))
	}
	if len(r.seen) > maxRedirects {
		return nil, refusedRedirect(fmt.Errorf("more than %d redirects", maxRedirects))
	}
	r.seen[step] = true
	r.crossed = r.crossed || !sameOrigin(r.first.URL, target)
	return r.request(req, resp, method, target), nil
}

func (r *redirects) request(req *http.Request, resp *http.Response, method string, target *url.URL) *http.Request {
	next := (&http.Request{
		Method: method, URL: target, Header: r.first.Header.Clone(),
		Proto: req.Proto, ProtoMajor: req.ProtoMajor, ProtoMinor: req.ProtoMinor,
	}).WithContext(req.Context())
	if method == req.Method && req.GetBody != nil {
		next.GetBody, next.ContentLength = req.GetBody, req.ContentLength
		next.Body, _ = req.GetBody()
	} else {
		next.Header.Del("Content-Type")
		next.Header.Del("Content-Encoding")
	}
	if r.crossed {
		for name := range next.Header {
			if !kept[name] {
				delete(next.Header, name)
			}
		}
	} else {
		next.Host = r.first.Host
	}
	r.jar.SetCookies(req.URL, resp.Cookies())
	for _, cookie := range r.jar.Cookies(target) {
		next.AddCookie(cookie)
	}
	return next
}

// redirectMethod returns the method after a redirect: GET after 303 and, for
// POST, after 301 and 302; the others keep theirs.
func redirectMethod(method string, status int) (string, bool) {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound:
		if method == http.MethodPost {
			return http.MethodGet, true
		}
	case http.StatusSeeOther:
		if method != http.MethodHead {
			return http.MethodGet, true
		}
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return "", false
	}
	return method, true
}

func target(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err != nil {
		return nil, errors.New("the Location header holds no valid URL")
	}
	if to.Scheme != "http" && to.Scheme != "https" || to.Host == "" {
		return nil, fmt.Errorf("the redirect leads to %q, which is no http(s) URL", to.Scheme+"://"+to.Host)
	}
	to.User, to.Fragment, to.RawFragment = nil, "", ""
	return to, nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

func refusedRedirect(why error) error {
	return &protocols.Error{Code: "500", Message: protocolMessage, Cause: why}
}
