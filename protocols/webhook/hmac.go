package webhook

import (
	"crypto/hmac"
	"maps"
	"net/url"
	"slices"
	"strings"

	"patchbay/protocols"
)

// camundaHMAC is the HMAC of Camunda's webhook: of body, URL and parameters as
// the element says, in a header of its choice.
type camundaHMAC struct {
	header    string
	algorithm algorithm
	secret    []byte
	scopes    string
}

var hmacAlgorithms = map[string]algorithm{"sha_1": hmacSHA1, "sha_256": hmacSHA256, "sha_512": hmacSHA512}

// newHMAC returns the HMAC of an element, or nil if it wants none.
func newHMAC(in *Inbound, scopes []string) (*camundaHMAC, error) {
	if in.ShouldValidateHmac != "enabled" {
		return nil, nil
	}
	covered, err := joinScopes(scopes)
	if err != nil {
		return nil, err
	}
	return &camundaHMAC{in.HmacHeader, hmacAlgorithms[in.HmacAlgorithm], []byte(in.HmacSecret), covered}, nil
}

// joinScopes returns the scopes in lower case, sorted and joined; "body" if
// there are none.
func joinScopes(scopes []string) (string, error) {
	if len(scopes) == 0 {
		return "body", nil
	}
	lower := make([]string, len(scopes))
	for i, s := range scopes {
		lower[i] = strings.ToLower(strings.TrimSpace(s))
	}
	slices.Sort(lower)
	joined := strings.Join(slices.Compact(lower), " ")
	if contents[joined] == nil {
		return "", &protocols.InputError{Path: "inbound.hmacScopes",
			Message: "expected [body], [url, body], [url, parameters] or [url, parameters, body]"}
	}
	return joined, nil
}

// contents are, by scopes, the texts that a sender may have signed: senders and
// the URLs that they see differ in small things.
var contents = map[string]func(*request) [][]byte{
	"body":                func(r *request) [][]byte { return [][]byte{r.raw} },
	"body url":            urlAndBody,
	"parameters url":      urlAndParameters,
	"body parameters url": urlAndEither,
}

func urlAndEither(r *request) [][]byte {
	if r.Method == "GET" {
		return urlAndParameters(r)
	}
	return urlAndBody(r)
}

// urlAndParameters are the URL and the query as it came, decoded and encoded
// again, and sorted by name.
func urlAndParameters(r *request) [][]byte {
	f, err := parseForm(r.URL.RawQuery)
	if err != nil {
		return nil
	}
	again := f.encode()
	slices.SortStableFunc(f, func(a, b field) int { return strings.Compare(a.name, b.name) })
	var list [][]byte
	for _, u := range r.urls() {
		for _, query := range []string{r.URL.RawQuery, again, f.encode()} {
			list = append(list, []byte(u+"?"+query))
		}
	}
	return list
}

func (f form) encode() string {
	pairs := make([]string, len(f))
	for i, p := range f {
		pairs[i] = url.QueryEscape(p.name) + "=" + url.QueryEscape(p.value)
	}
	return strings.Join(pairs, "&")
}

// urlAndBody are the URL followed by the body as Twilio signs it, the names and
// values of its fields by name, and as it came.
func urlAndBody(r *request) [][]byte {
	var list [][]byte
	fields, isObject := fieldsOf(r)
	for _, u := range r.urls() {
		if isObject {
			list = append(list, []byte(u+fields))
		}
		list = append(list, append([]byte(u), r.raw...))
	}
	return list
}

func fieldsOf(r *request) (string, bool) {
	if r.parse() != nil {
		return "", false
	}
	object, ok := r.content.value.(map[string]any)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if text, ok := object[name].(string); ok {
			b.WriteString(name + text)
		}
	}
	return b.String(), true
}

// verify checks the HMAC: in hexadecimal, alone or after an equals sign, or in
// Base64.
func (h *camundaHMAC) verify(r *request) *answer {
	given, ok, refused := r.single(h.header)
	if refused != nil {
		return refused
	}
	if !ok || given == "" {
		return unauthorized("SIGNATURE_MISSING", "the header "+h.header+" is missing")
	}
	candidates := readMAC(given)
	for _, content := range contents[h.scopes](r) {
		mac := hmac.New(hashes[h.algorithm], h.secret)
		mac.Write(content)
		expected := mac.Sum(nil)
		for _, c := range candidates {
			if hmac.Equal(c, expected) {
				return nil
			}
		}
	}
	return unauthorized("INVALID_SIGNATURE", "the HMAC does not match")
}

// readMAC returns the bytes that a header may mean.
func readMAC(given string) [][]byte {
	var list [][]byte
	if b, err := hexText(given); err == nil {
		list = append(list, b)
	}
	if _, after, ok := strings.Cut(given, "="); ok {
		if b, err := hexText(after); err == nil {
			list = append(list, b)
		}
	}
	if b, err := base64Text(given); err == nil {
		list = append(list, b)
	}
	return list
}
