package webhook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"patchbay/protocols"
)

// verifier checks the signatures of one element's requests.
type verifier struct {
	scheme
	keys      []key
	tolerance time.Duration
	parts     []string
	// seen are signatures that passed, nil where they carry no time; ids are
	// deliveries that did, which their senders repeat with other signatures.
	seen, ids *replays
}

// newVerifier returns the verifier of an element's properties, or nil if its
// requests are not signed. Properties replace what the scheme says.
func newVerifier(in Signature, secrets []string) (*verifier, error) {
	if in.Scheme == "none" {
		return nil, nil
	}
	s := schemes[in.Scheme]
	s.adjust(in)
	if len(s.signature) == 0 {
		return nil, missing("inbound.signature.header")
	}
	keys, err := s.readSecrets(secrets)
	if err != nil {
		return nil, &protocols.InputError{Path: "inbound.signature.secrets", Message: err.Error()}
	}
	parts, err := contentParts(s.content)
	if err != nil {
		return nil, &protocols.InputError{Path: "inbound.signature.content", Message: err.Error()}
	}
	v := &verifier{scheme: s, keys: keys, tolerance: in.Tolerance, parts: parts, ids: newReplays(in.Tolerance)}
	if v.timed() {
		v.seen = newReplays(in.Tolerance)
	}
	return v, nil
}

// adjust lets an element's properties replace what a scheme says.
func (s *scheme) adjust(in Signature) {
	if in.Header != "" {
		s.signature = []string{in.Header}
	}
	if in.TimestampHeader != "" {
		s.timestamp = []string{in.TimestampHeader}
	}
	if in.IDHeader != "" {
		s.id = []string{in.IDHeader}
	}
	if in.Content != "" {
		s.content = in.Content
	}
	if in.Encoding != "" {
		s.encoding = encodings[in.Encoding]
	}
	if in.Algorithm != "" {
		s.versions = map[string]algorithm{"": algorithm(in.Algorithm)}
		s.assign, s.separator = "", ""
	}
	if in.Prefix != "" {
		s.prefix = in.Prefix
	}
}

// timed reports whether signatures carry a time, which is what makes it possible
// to refuse replays for good.
func (s *scheme) timed() bool { return len(s.timestamp) > 0 || s.timestampItem != "" }

// contentParts cuts a content at its placeholders.
func contentParts(content string) ([]string, error) {
	var parts []string
	signsBody := false
	for content != "" {
		before, rest, found := strings.Cut(content, "{")
		if before != "" {
			parts = append(parts, before)
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !strings.Contains(" body timestamp id url ", " "+name+" ") {
			return nil, fmt.Errorf("unknown placeholder {%s; expected {body}, {timestamp}, {id} or {url}", rest)
		}
		parts = append(parts, "{"+name)
		signsBody = signsBody || name == "body"
		content = after
	}
	if !signsBody {
		return nil, fmt.Errorf("expected {body} in it, else any body would do")
	}
	return parts, nil
}

// delivery is a request whose signature is right.
type delivery struct {
	id     string
	digest [sha256.Size]byte
}

// signed is what a request's headers say about its signature.
type signed struct {
	id, timestamp string
	signatures    []signature
	url           string
}

type signature struct {
	algorithm algorithm
	bytes     []byte
}

// verify checks a request's signature and time. It does not look for replays.
func (v *verifier) verify(r *request) (delivery, *answer) {
	s, refused := v.read(r)
	if refused != nil {
		return delivery{}, refused
	}
	if refused := v.checkTime(s.timestamp, r.now); refused != nil {
		return delivery{}, refused
	}
	for _, url := range v.urls(r) {
		s.url = url
		if v.matches(s, r.raw) {
			return delivery{id: s.id, digest: v.digest(s, r.raw)}, nil
		}
	}
	return delivery{}, unauthorized("INVALID_SIGNATURE", "the signature does not match")
}

// urls are the addresses to try; one is enough if the URL is not signed.
func (v *verifier) urls(r *request) []string {
	if !strings.Contains(v.content, "{url}") {
		return []string{""}
	}
	urls := r.urls()
	if r.URL.RawQuery != "" {
		for i := range urls {
			urls[i] += "?" + r.URL.RawQuery
		}
	}
	return urls
}

// read takes the signature's parts from the headers.
func (v *verifier) read(r *request) (s signed, refused *answer) {
	header, refused := firstHeader(r, v.signature)
	if refused != nil {
		return s, refused
	}
	if header == "" {
		return s, unauthorized("SIGNATURE_MISSING", "the signature is missing")
	}
	v.readSignatures(header, &s)
	if len(v.timestamp) > 0 {
		if s.timestamp, refused = firstHeader(r, v.timestamp); refused != nil {
			return s, refused
		}
	}
	if len(v.id) > 0 {
		s.id, refused = firstHeader(r, v.id)
	}
	if refused == nil && s.id == "" && strings.Contains(v.content, "{id}") {
		refused = unauthorized("SIGNATURE_MISSING", "the delivery's id is missing")
	}
	return s, refused
}

func firstHeader(r *request, names []string) (string, *answer) {
	for _, name := range names {
		if value, ok, refused := r.single(name); ok || refused != nil {
			return value, refused
		}
	}
	return "", nil
}

// maxSignatures bounds the signatures of a header that are looked at.
const maxSignatures = 16

// readSignatures reads the header of signatures; those of unknown versions and
// broken ones are left out.
func (v *verifier) readSignatures(header string, s *signed) {
	items := []string{header}
	if v.separator != "" {
		items = strings.SplitN(header, v.separator, 2*maxSignatures)
	}
	for _, item := range items {
		version, text := "", strings.TrimSpace(item)
		if v.assign != "" {
			version, text, _ = strings.Cut(text, v.assign)
		}
		if version != "" && version == v.timestampItem {
			s.timestamp = text
			continue
		}
		text, prefixed := strings.CutPrefix(text, v.prefix)
		a, known := v.versions[version]
		if !known || !prefixed || len(s.signatures) == maxSignatures {
			continue
		}
		if bytes, err := v.encoding.read(text); err == nil {
			s.signatures = append(s.signatures, signature{a, bytes})
		}
	}
}

// checkTime refuses a signature whose time is missing or too far from now.
func (v *verifier) checkTime(timestamp string, now time.Time) *answer {
	if !v.timed() {
		return nil
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return unauthorized("SIGNATURE_MISSING", "the signature's time is missing or no number of seconds")
	}
	switch age := now.Sub(time.Unix(seconds, 0)); {
	case age > v.tolerance:
		return unauthorized("SIGNATURE_EXPIRED", "the signature is too old")
	case age < -v.tolerance:
		return unauthorized("SIGNATURE_EXPIRED", "the signature's time lies in the future")
	}
	return nil
}

// matches reports whether one of the signatures is right under one of the keys.
func (v *verifier) matches(s signed, body []byte) bool {
	for _, k := range v.keys {
		for _, a := range s.wanted(k) {
			if v.matchesKey(s, k, a, body) {
				return true
			}
		}
	}
	return false
}

// wanted are the algorithms that occur among the signatures and suit the key.
func (s *signed) wanted(k key) []algorithm {
	var list []algorithm
	for _, sig := range s.signatures {
		if k.suits(sig.algorithm) && (len(list) == 0 || list[len(list)-1] != sig.algorithm) {
			list = append(list, sig.algorithm)
		}
	}
	return list
}

func (v *verifier) matchesKey(s signed, k key, a algorithm, body []byte) bool {
	var content, expected []byte
	if a == ed25519Sig {
		w := &buffer{make([]byte, 0, len(body)+128)}
		v.write(w, s, body)
		content = w.bytes
	} else {
		mac := hmac.New(hashes[a], k.hmac)
		v.write(mac, s, body)
		expected = mac.Sum(nil)
	}
	for _, sig := range s.signatures {
		switch {
		case sig.algorithm != a:
		case a == ed25519Sig && len(sig.bytes) == ed25519.SignatureSize && ed25519.Verify(k.public, content, sig.bytes):
			return true
		case a != ed25519Sig && hmac.Equal(expected, sig.bytes):
			return true
		}
	}
	return false
}

// buffer collects what is written.
type buffer struct{ bytes []byte }

func (b *buffer) Write(p []byte) (int, error) {
	b.bytes = append(b.bytes, p...)
	return len(p), nil
}

// write writes what is signed.
func (v *verifier) write(w io.Writer, s signed, body []byte) {
	for _, part := range v.parts {
		switch part {
		case "{body":
			_, _ = w.Write(body)
		case "{timestamp":
			_, _ = io.WriteString(w, s.timestamp)
		case "{id":
			_, _ = io.WriteString(w, s.id)
		case "{url":
			_, _ = io.WriteString(w, s.url)
		default:
			_, _ = io.WriteString(w, part)
		}
	}
}

// digest names what was signed, whatever key signed it: one signature of several
// left out makes no new delivery.
func (v *verifier) digest(s signed, body []byte) (d [sha256.Size]byte) {
	if v.seen == nil {
		return d
	}
	h := sha256.New()
	v.write(h, s, body)
	h.Sum(d[:0])
	return d
}
