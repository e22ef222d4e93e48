package webhook

import (
	"crypto/hmac"
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// sign adds to a made-up request what its sender would prove itself with, so far
// as a listener's secrets tell: a token or a signature by a private key they do
// not. Headers that are there already stay.
func (l *listener) sign(to *http.Request, body []byte) {
	options := Options{Now: l.host.Now}.withDefaults()
	r, refused := newRequest(to, body, &options)
	if refused != nil {
		return // whatever is wrong with it is answered when it is handled
	}
	if l.hmac != nil {
		setMissing(to.Header, l.hmac.header, l.hmac.sign(r))
	}
	if l.signed != nil {
		l.signed.sign(r)
	}
	switch auth := l.auth.(type) {
	case basicAuth:
		if to.Header.Get("Authorization") == "" {
			to.SetBasicAuth(auth.username, auth.password)
		}
	case keyAuth:
		auth.sign(to.Header)
	}
}

// located finds the header that a plain locator looks into.
var located = regexp.MustCompile(`\bheaders(?:\.|\[")([\w-]+)`)

func (k keyAuth) sign(header http.Header) {
	if k.locator == "" {
		setMissing(header, "Authorization", "Bearer "+k.key)
	} else if name := located.FindStringSubmatch(k.locator); name != nil {
		setMissing(header, name[1], k.key)
	}
}

func setMissing(header http.Header, name, value string) {
	if header.Get(name) == "" {
		header.Set(name, value)
	}
}

func (h *camundaHMAC) sign(r *request) string {
	list := contents[h.scopes](r)
	if len(list) == 0 {
		return ""
	}
	mac := hmac.New(hashes[h.algorithm], h.secret)
	mac.Write(list[0])
	return inHex.write(mac.Sum(nil))
}

// sampleID is the delivery's id where the sample gives none.
const sampleID = "sample"

// sign adds the headers of the scheme, if one of its algorithms is an HMAC.
func (v *verifier) sign(r *request) {
	at := slices.IndexFunc(v.keys, func(k key) bool { return k.hmac != nil })
	version, hashed := v.hashed()
	if at < 0 || !hashed {
		return
	}
	now := strconv.FormatInt(r.now.Unix(), 10)
	if len(v.timestamp) > 0 {
		setMissing(r.Header, v.timestamp[0], now)
		now = r.Header.Get(v.timestamp[0])
	}
	if len(v.id) > 0 {
		setMissing(r.Header, v.id[0], sampleID)
	}
	s := signed{timestamp: now, url: v.urls(r)[0]}
	if len(v.id) > 0 {
		s.id = r.Header.Get(v.id[0])
	}
	mac := hmac.New(hashes[v.versions[version]], v.keys[at].hmac)
	v.write(mac, s, r.raw)
	setMissing(r.Header, v.signature[0], v.header(version, now, mac.Sum(nil)))
}

// hashed returns the version of signatures that are HMACs.
func (v *verifier) hashed() (version string, ok bool) {
	for version, a := range v.versions {
		if hashes[a] != nil {
			return version, true
		}
	}
	return "", false
}

// header writes a signature as the scheme does.
func (v *verifier) header(version, timestamp string, mac []byte) string {
	text := v.prefix + v.encoding.write(mac)
	if v.assign != "" {
		text = version + v.assign + text
	}
	if v.timestampItem != "" {
		text = v.timestampItem + v.assign + timestamp + v.separator + text
	}
	return text
}
