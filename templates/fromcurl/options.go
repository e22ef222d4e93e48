package fromcurl

import (
	"strconv"
	"strings"
)

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

// parse reads the words of a command.
func parse(words []word) (*request, error) {
	if len(words) == 0 {
		return nil, &Error{1, 1, "expected a curl command, such as curl https://example.com/orders"}
	}
	if name := words[0].text; name != "curl" && !strings.HasSuffix(name, "/curl") && name != "curl.exe" {
		return nil, words[0].errorf("expected a command that begins with curl")
	}
	p := parser{rest: words[1:], request: &request{}}
	for len(p.rest) > 0 {
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	if p.request.address == "" {
		return nil, words[0].errorf("the command has no address (URL)")
	}
	return p.request, p.request.check(words[0])
}

type parser struct {
	rest     []word
	request  *request
	operands bool // after --
}

func (p *parser) step() error {
	w := p.rest[0]
	p.rest = p.rest[1:]
	switch {
	case p.operands || w.text == "-" || !strings.HasPrefix(w.text, "-"):
		return address(p.request, w)
	case w.text == "--":
		p.operands = true
		return nil
	case strings.HasPrefix(w.text, "--"):
		return p.long(w)
	}
	return p.letters(w)
}

func (p *parser) long(w word) error {
	name := plain(w.text[2:])
	o, err := find(name, w)
	if err != nil {
		return err
	}
	return p.apply(o, "--"+name, w, "", false)
}

// letters reads short options, which may stand together and before a value.
func (p *parser) letters(w word) error {
	for letters := w.text[1:]; letters != ""; {
		name, known := short[letters[0]]
		if !known {
			return w.errorf("the option -%c is not known here; remove it if the request does not need it", []rune(plain(letters))[0])
		}
		o, err := find(name, w)
		if err != nil {
			return err
		}
		flag := "-" + letters[:1]
		if letters = letters[1:]; o.value != nil {
			return p.apply(o, flag, w, letters, letters != "")
		}
		o.flag(p.request)
	}
	return nil
}

// apply gives an option its value: the rest of its word, else the next word.
func (p *parser) apply(o option, name string, at word, attached string, isAttached bool) error {
	switch {
	case o.value == nil:
		o.flag(p.request)
		return nil
	case isAttached:
		at.text = attached
	case len(p.rest) == 0:
		return at.errorf("the option %s has no value", name)
	default:
		at, p.rest = p.rest[0], p.rest[1:]
	}
	return o.value(p.request, at)
}

func requestMethod(r *request, w word) error {
	method := strings.ToUpper(w.text)
	if !hasWord("GET POST PUT PATCH DELETE HEAD OPTIONS", method) {
		return w.errorf("the protocol rest has no method %q; it has GET, POST, PUT, PATCH, DELETE, HEAD and OPTIONS", plain(w.text))
	}
	r.method = method
	return nil
}

func address(r *request, w word) error {
	if r.address != "" {
		return w.errorf("a second address; make a template of each request (or quote what belongs to an option)")
	}
	r.address, r.at = w.text, w
	return nil
}

func headerLine(r *request, w word) error {
	if strings.HasPrefix(w.text, "@") {
		return w.errorf("a file's content is not known here; write its headers into the command")
	}
	name, value, ok := strings.Cut(w.text, ":")
	if !ok {
		if name, ok = strings.CutSuffix(w.text, ";"); !ok {
			return w.errorf(`a header is written "Name: value"`)
		}
	} else if strings.TrimSpace(value) == "" { // curl takes one of its own headers away so
		return nil
	}
	r.headers = append(r.headers, pair{name: strings.TrimSpace(name), value: strings.TrimSpace(value), named: true, at: w})
	return nil
}

func cookie(r *request, w word) error {
	if !strings.Contains(w.text, "=") && !strings.Contains(w.text, variableBegin) {
		return w.errorf("a file's content is not known here; write the cookies as name=value")
	}
	return header("Cookie").value(r, w)
}

const fileHint = "a file's content is not known here; write it in the place of @..."

func data(r *request, w word) error {
	if strings.HasPrefix(w.text, "@") {
		return w.errorf(fileHint)
	}
	return rawData(r, w)
}

func rawData(r *request, w word) error {
	r.data = append(r.data, pair{value: w.text, at: w})
	return nil
}

func jsonData(r *request, w word) error {
	r.json = true
	return data(r, w)
}

// encodedData reads content, =content and name=content (curl's manual,
// --data-urlencode).
func encodedData(r *request, w word) error {
	name, value, hasName := strings.Cut(w.text, "=")
	if !hasName {
		if strings.Contains(w.text, "@") {
			return w.errorf(fileHint)
		}
		name, value = "", w.text
	}
	r.data = append(r.data, pair{name: name, value: value, named: true, at: w})
	return nil
}

func queryPart(r *request, w word) error {
	if text, raw := strings.CutPrefix(w.text, "+"); raw {
		r.query = append(r.query, pair{value: text, at: w})
		return nil
	}
	other := request{}
	err := encodedData(&other, w)
	r.query = append(r.query, other.data...)
	return err
}

func formPart(r *request, w word) error {
	name, value, ok := strings.Cut(w.text, "=")
	if !ok {
		return w.errorf("a part of a form is written name=value")
	}
	part := pair{name: name, named: true, at: w}
	if value, part.file = strings.CutPrefix(value, "@"); !part.file && strings.HasPrefix(value, "<") {
		return w.errorf(fileHint)
	}
	if before, _, typed := strings.Cut(value, ";type="); typed {
		r.note("The part " + strconv.Quote(plain(name)) + " of the form goes out without the type that the command gives it.")
		value = before
	}
	part.value = strings.Trim(value, `"`)
	r.parts = append(r.parts, part)
	return nil
}

func formText(r *request, w word) error {
	name, value, ok := strings.Cut(w.text, "=")
	if !ok {
		return w.errorf("a part of a form is written name=value")
	}
	r.parts = append(r.parts, pair{name: name, value: value, named: true, at: w})
	return nil
}

func seconds(field func(*request) *int) option {
	return option{value: func(r *request, w word) error {
		n, err := strconv.ParseFloat(w.text, 64)
		if err != nil || !(0 <= n && n <= 86400) {
			return w.errorf("expected a number of seconds, at most 86400")
		}
		whole := int(n)
		if float64(whole) < n {
			whole++
		}
		*field(r) = whole
		return nil
	}}
}

// check completes the method and says what the protocol cannot send.
func (r *request) check(at word) error {
	body := len(r.data) > 0 && !r.get || len(r.parts) > 0
	switch {
	case r.method != "":
	case r.head:
		r.method = "HEAD"
	case body:
		r.method = "POST"
	default:
		r.method = "GET"
	}
	switch {
	case len(r.data) > 0 && len(r.parts) > 0:
		return r.parts[0].at.errorf("a body is either --data or --form")
	case body && !hasWord("POST PUT PATCH", r.method):
		return at.errorf("the protocol rest sends a body with POST, PUT and PATCH only, and this is a %s; with -G the data becomes the query", r.method)
	}
	if r.get {
		r.query, r.data = append(r.query, r.data...), nil
	}
	return nil
}

// plain writes shell variables as a shell does, for texts.
func plain(text string) string {
	return strings.NewReplacer(variableBegin, "${", variableEnd, "}").Replace(text)
}
