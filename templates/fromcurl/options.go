package fromcurl

import "strings"

// request is what a curl command asks for.
type request struct {
	method string
	// address is the URL as written; at is where.
	address string
	at      word
	headers []pair
	// data are the parts of the body, and of the query with -G, encoded.
	data []pair
	// parts are those of a multipart body.
	parts []pair
	query []pair

	user, bearer                string
	hasUser, json               bool
	get, head                   bool
	follow                      bool
	connectSeconds, readSeconds int
	notes                       []string
}

// pair is a name and a value. In data without a name, value is text that is
// encoded already.
type pair struct {
	name, value string
	// named tells an empty name from none, file a value that is a file's name.
	named, file bool
	at          word
}

func (r *request) note(text string) { r.notes = append(r.notes, text) }

// option is an option of curl (curl 8, "curl --help all"): what it does to a
// request. flag is for one without a value.
type option struct {
	flag  func(*request)
	value func(*request, word) error
}

func set(field func(*request) *string) option {
	return option{value: func(r *request, w word) error { *field(r) = w.text; return nil }}
}

func header(name string) option {
	return option{value: func(r *request, w word) error {
		r.headers = append(r.headers, pair{name: name, value: w.text, named: true, at: w})
		return nil
	}}
}

func turn(do func(*request)) option { return option{flag: do} }

// options are those that say something about the request.
var options = map[string]option{
	"request":         {value: requestMethod},
	"url":             {value: address},
	"header":          {value: headerLine},
	"user-agent":      header("User-Agent"),
	"referer":         header("Referer"),
	"cookie":          {value: cookie},
	"user":            {value: func(r *request, w word) error { r.user, r.hasUser = w.text, true; return nil }},
	"oauth2-bearer":   set(func(r *request) *string { return &r.bearer }),
	"data":            {value: data},
	"data-ascii":      {value: data},
	"data-binary":     {value: data},
	"data-raw":        {value: rawData},
	"data-urlencode":  {value: encodedData},
	"json":            {value: jsonData},
	"form":            {value: formPart},
	"form-string":     {value: formText},
	"url-query":       {value: queryPart},
	"get":             turn(func(r *request) { r.get = true }),
	"head":            turn(func(r *request) { r.head = true }),
	"location":        turn(func(r *request) { r.follow = true }),
	"max-time":        seconds(func(r *request) *int { return &r.readSeconds }),
	"connect-timeout": seconds(func(r *request) *int { return &r.connectSeconds }),
	"insecure": turn(func(r *request) {
		r.note("Certificates are checked although the command has --insecure; a certificate of one's own is given by the input clientTls.trustedCertificate.")
	}),
}

// without lists the options that only concern what curl prints and how it talks.
var without = []string{
	"anyauth basic compressed create-dirs disable fail fail-early fail-with-body globoff http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 include ipv4 ipv6 junk-session-cookies",
	"no-alpn no-buffer no-keepalive no-npn no-progress-meter no-sessionid parallel path-as-is progress-bar remote-name remote-name-all remote-header-name remote-time show-error silent",
	"ssl ssl-reqd styled-output tcp-fastopen tcp-nodelay tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-time verbose xattr",
}

// withValue lists those of them that have a value.
var withValue = "ciphers cookie-jar dump-header keepalive-time limit-rate max-redirs output output-dir rate retry retry-delay retry-max-time speed-limit speed-time stderr tls-max tls13-ciphers trace trace-ascii write-out"

// refused says what to do instead of options that a template cannot follow.
var refused = map[string]string{
	"cert": "give the certificate by the inputs clientTls.clientCertificate and clientTls.clientPrivateKey",
	"key":  "give the key by the input clientTls.clientPrivateKey", "cacert": "give the certificate by the input clientTls.trustedCertificate",
	"config": "write the options of the file into the command", "next": "make a template of each request",
	"upload-file": "send the file with --form, as a document", "proxy": "the server's own proxy settings count",
	"digest": "the protocol rest knows basic, bearer, API keys and OAuth", "ntlm": "the protocol rest knows basic, bearer, API keys and OAuth",
	"negotiate": "the protocol rest knows basic, bearer, API keys and OAuth", "aws-sigv4": "the protocol rest knows basic, bearer, API keys and OAuth",
}

// short are the options with one letter.
var short = map[byte]string{
	'X': "request", 'H': "header", 'A': "user-agent", 'e': "referer", 'b': "cookie", 'u': "user", 'd': "data", 'F': "form", 'G': "get", 'I': "head", 'L': "location",
	'm': "max-time", 'k': "insecure", 's': "silent", 'S': "show-error", 'v': "verbose", 'i': "include", 'f': "fail", 'g': "globoff", 'o': "output", 'O': "remote-name",
	'J': "remote-header-name", 'N': "no-buffer", 'w': "write-out", 'D': "dump-header", 'c': "cookie-jar", '#': "progress-bar", 'q': "disable", 'R': "remote-time",
	'0': "http1.0", '1': "tlsv1", '4': "ipv4", '6': "ipv6", 'Z': "parallel", 'j': "junk-session-cookies", 'Y': "speed-limit", 'y': "speed-time",
	'E': "cert", 'K': "config", ':': "next", 'T': "upload-file", 'x': "proxy",
}

// find returns the option of that name. It fails for one that is not known.
func find(name string, at word) (option, error) {
	if o, known := options[name]; known {
		return o, nil
	}
	for _, names := range without {
		if hasWord(names, name) {
			return option{flag: func(*request) {}}, nil
		}
	}
	if hasWord(withValue, name) {
		return option{value: func(*request, word) error { return nil }}, nil
	}
	if hint := refused[name]; hint != "" {
		return option{}, at.errorf("a template cannot follow --%s; remove it, and %s", name, hint)
	}
	return option{}, at.errorf("the option --%s is not known here; remove it if the request does not need it", name)
}

func hasWord(words, name string) bool {
	for word := range strings.FieldsSeq(words) {
		if word == name {
			return true
		}
	}
	return false
}
