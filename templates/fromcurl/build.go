package fromcurl

import (
	"encoding/base64"
	"net"
	"slices"
	"strconv"
	"strings"
)

// build makes the template of a request.
func build(r *request, o Options) (*Result, error) {
	e, err := r.endpoint()
	if err != nil {
		return nil, err
	}
	b := &builder{request: r, scope: brand(e.host), taken: map[string]bool{}}
	b.identify(e, o)
	request, err := b.expressionOf(e)
	if err != nil {
		return nil, err
	}
	text, err := b.marshal(request)
	if err != nil {
		return nil, err
	}
	slices.Sort(b.secrets)
	return &Result{Template: text, ID: b.id, Name: b.name, Secrets: b.secrets, Notes: r.notes}, nil
}

// identify names the template by method, host and path.
func (b *builder) identify(e *endpoint, o Options) {
	words, path := []string{strings.ToLower(b.method)}, ""
	for i, segment := range e.segments {
		if name, _, is := placeholder(e.segments, i); is {
			path += "/{" + camel(name) + "}"
			continue
		}
		path += "/" + segment
		if technical.MatchString(segment) {
			continue
		}
		for _, word := range wordsOf(extension.ReplaceAllString(segment, "")) {
			words = append(words, strings.ToLower(word))
		}
	}
	host := "request"
	if net.ParseIP(e.host) == nil && strings.Trim(e.host, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-") == "" && e.host != "" {
		host = domain(e.host)
	}
	b.id, b.name = shorten(host+"."+strings.Join(words, "-"), 120), strings.TrimSpace(b.method+" "+e.host+path)
	if deed := deed(b.method, e.segments); deed != "" && b.scope != "request" {
		b.name = title(b.scope, deed)
	}
	b.name = shorten(b.name, 120)
	b.description = "Calls " + b.method + " " + shorten(e.origin+path, 200) + "."
	if o.ID != "" {
		b.id = o.ID
	}
	if o.Name != "" {
		b.name = o.Name
	}
}

func shorten(text string, runes int) string {
	text = plain(text)
	if list := []rune(text); len(list) > runes {
		return string(list[:runes])
	}
	return text
}

// expressionOf writes the request expression, and adds the fields that it
// names.
func (b *builder) expressionOf(e *endpoint) (string, error) {
	members := []string{"method: " + literal(b.method)}
	address, parameters := b.url(e)
	members = append(members, "url: "+address)
	if len(parameters) > 0 {
		members = append(members, "queryParameters: "+object(parameters, true))
	}
	body, err := b.body()
	if err != nil {
		return "", err
	}
	authentication := b.authentication(e)
	if headers := b.headerMembers(); len(headers) > 0 {
		members = append(members, "headers: "+object(headers, true))
	}
	members = append(members, authentication...)
	members = append(members, body...)
	if b.follow {
		members = append(members, "followRedirects: true")
	}
	if b.connectSeconds > 0 {
		members = append(members, "connectionTimeoutInSeconds: "+strconv.Itoa(b.connectSeconds))
	}
	if b.readSeconds > 0 {
		members = append(members, "readTimeoutInSeconds: "+strconv.Itoa(b.readSeconds))
	}
	return "." + b.scope + " | {\n  " + strings.Join(members, ",\n  ") + "\n}", nil
}

// object writes members as an object of jq, without those that have no value
// where some may have none.
func object(members []string, sparse bool) string {
	text := "{" + strings.Join(members, ", ") + "}"
	if sparse && slices.ContainsFunc(members, func(m string) bool { return strings.Contains(m, "\": .") }) {
		return "(" + text + " | with_entries(select(.value != null)))"
	}
	return text
}

// url writes the address, and returns the parameters that can stand apart:
// those whose name comes once and has a value.
func (b *builder) url(e *endpoint) (text string, parameters []string) {
	api := b.fieldOf("api", groupService)
	api.Label, api.Constraints = "Base URL", notEmpty
	if e.origin != "" {
		api.Value = e.origin
	}
	var url strings.Builder
	url.WriteString(`"\(` + b.add(api).path + ` | rtrimstr("/"))`)
	for i, segment := range e.segments {
		url.WriteByte('/')
		if name, value, is := placeholder(e.segments, i); is {
			url.WriteString(b.pathField(name, value).encoded())
			continue
		}
		url.WriteString(inString(escapePath(segment)))
	}
	separator := byte('?')
	count := map[string]int{}
	query := append(slices.Clone(e.query), b.added()...)
	for _, p := range query {
		count[p.name]++
	}
	for _, p := range query {
		if count[p.name] == 1 && p.named {
			parameters = append(parameters, literal(p.name)+": "+b.parameter(p, true).path)
			continue
		}
		url.WriteByte(separator)
		separator = '&'
		url.WriteString(inString(escapeQuery(p.name)))
		if p.named {
			url.WriteString("=" + b.parameter(p, false).encoded())
		}
	}
	url.WriteByte('"')
	return url.String(), parameters
}

// parameter is a field for a parameter of the query that has a value.
func (b *builder) parameter(p pair, optional bool) reference {
	if isSecretParameter(p.name, p.value) {
		return b.secret(p.name, groupService, p.value)
	}
	return b.text(p.name, groupQuery, p.value, optional)
}

// pathField is a field for a part of the path. One that looks made up at random
// is a secret, as in the addresses of chat webhooks.
func (b *builder) pathField(name, value string) reference {
	if random(value) {
		return b.secret(name, groupService, value)
	}
	return b.text(name, groupPath, value, false)
}

// added are the parameters that options add to the address.
func (b *builder) added() []pair {
	var list []pair
	for _, p := range b.query {
		if p.named {
			list = append(list, p)
			continue
		}
		list = append(list, pairsOf(p.value, p.at)...)
	}
	return list
}

// inString is a text within a string of jq.
func inString(text string) string {
	quoted := literal(text)
	return quoted[1 : len(quoted)-1]
}

// authentication writes how the request authenticates.
func (b *builder) authentication(e *endpoint) []string {
	user, has := b.user, b.hasUser
	if !has && e.user != nil {
		password, _ := e.user.Password()
		user, has = e.user.Username()+":"+password, true
	}
	bearer := b.bearer
	if at := slices.IndexFunc(b.headers, func(p pair) bool { return strings.EqualFold(p.name, "Authorization") }); at >= 0 {
		scheme, rest, _ := strings.Cut(b.headers[at].value, " ")
		rest = strings.TrimSpace(rest)
		decoded, err := base64.StdEncoding.DecodeString(rest)
		switch {
		case strings.EqualFold(scheme, "Bearer") && rest != "":
			bearer = rest
		case strings.EqualFold(scheme, "Basic") && err == nil && strings.Contains(string(decoded), ":"):
			user, has = string(decoded), true
		default:
			return nil // it stays a header
		}
		b.headers = slices.Delete(slices.Clone(b.headers), at, at+1)
	}
	switch {
	case bearer != "":
		return []string{`authentication: {type: "bearer", token: ` + b.secret("token", groupService, bearer).path + "}"}
	case has:
		return []string{"authentication: " + b.basic(user)}
	}
	return nil
}

// basic writes a user's name and password. A name without a password is an API
// key, as Stripe and others take them.
func (b *builder) basic(user string) string {
	name, password, _ := strings.Cut(user, ":")
	if password == "" {
		return `{type: "basic", username: ` + b.secret("api key", groupService, name).path + `, password: ""}`
	}
	return `{type: "basic", username: ` + b.text("username", groupService, name, false).path + `, password: ` + b.secret("password", groupService, password).path + "}"
}
