package fromcurl

import "strings"

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
