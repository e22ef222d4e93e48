package fromcurl

import (
	"regexp"
	"slices"
	"strings"
)

// spelling is how people write words that are not written as others are.
var spelling = map[string]string{
	"ai": "AI", "api": "API", "apikey": "API key", "appid": "app ID", "aws": "AWS", "bcc": "BCC", "bic": "BIC", "cc": "CC", "crm": "CRM", "csv": "CSV", "graphql": "GraphQL",
	"guid": "GUID", "hapikey": "API key", "html": "HTML", "http": "HTTP", "https": "HTTPS", "iban": "IBAN", "id": "ID", "ids": "IDs", "ip": "IP", "json": "JSON", "jwt": "JWT", "oauth": "OAuth",
	"pdf": "PDF", "sid": "SID", "sku": "SKU", "sms": "SMS", "sql": "SQL", "tls": "TLS", "ttl": "TTL", "uri": "URI", "url": "URL", "urls": "URLs", "utc": "UTC", "uuid": "UUID",
	"vat": "VAT", "xml": "XML", "dedup": "deduplication", "firstname": "first name", "lastname": "last name", "lat": "latitude", "lng": "longitude", "lon": "longitude",
	"qty": "quantity", "repo": "repository", "sig": "signature", "ts": "timestamp",
}

// brands are names of services that are not written as their hosts say.
var brands = map[string]string{
	"github": "GitHub", "gitlab": "GitLab", "googleapis": "Google", "hubapi": "HubSpot", "hubspot": "HubSpot", "linkedin": "LinkedIn", "openai": "OpenAI",
	"openweathermap": "OpenWeather", "pagerduty": "PagerDuty", "paypal": "PayPal", "sendgrid": "SendGrid", "servicenow": "ServiceNow", "youtube": "YouTube",
}

// spelled writes the words of a name as people do.
func spelled(words []string) string {
	out := make([]string, len(words))
	for i, word := range words {
		if out[i] = strings.ToLower(word); spelling[out[i]] != "" {
			out[i] = spelling[out[i]]
		}
	}
	return strings.Join(out, " ")
}

func capitalised(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// verbs are what a path ends with that says what is done, not to what.
const verbs = "accept activate add analyze approve archive assign authorize call cancel capture check clear clone close complete confirm convert copy count create deactivate " +
	"delete deploy disable download enable enqueue execute export fetch find generate get import invite invoke join list lock login logout lookup merge move notify open pause " +
	"ping post publish pull push query refresh refund register reject release remove rename reopen replay reply reset restart restore resume retry revoke run scan schedule search " +
	"send set share start stop submit subscribe sync test track transfer translate trigger unlock unsubscribe update upload validate verify"

// done is what the methods do with what a path names.
var done = map[string]string{"GET": "get", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete", "HEAD": "check", "OPTIONS": "describe"}

// technical are the segments of a path that say nothing of what is done: the
// API itself, its version, the form of the answer.
var technical = regexp.MustCompile(`(?i)^(api|rest|json|xml|v?[0-9]+([.-][0-9]+)*|v[0-9]+(alpha|beta)[0-9]*|latest)$`)

var extension = regexp.MustCompile(`(?i)\.(json|xml|php|aspx?|do)$`)

// deed says in a few words what a request does, by its method and the end of
// its path: "create payment intent". It is empty if the path says nothing.
func deed(method string, segments []string) string {
	var named []string
	item := false // the path ends with one of what it lists
	for i, segment := range segments {
		if _, _, is := placeholder(segments, i); is {
			item = true
		} else if segment = extension.ReplaceAllString(segment, ""); segment != "" && !technical.MatchString(segment) {
			named, item = append(named, segment), false
		}
	}
	if len(named) == 0 {
		return ""
	}
	last := named[len(named)-1]
	procedure, words := last, wordsOf(last)
	if _, behind, dotted := strings.Cut(last, "."); dotted && isVerb(wordsOf(behind)) { // chat.postMessage
		procedure, words = behind, wordsOf(behind)
	}
	switch {
	case len(words) == 0:
		return ""
	case strings.EqualFold(procedure, "graphql"):
		return "GraphQL query"
	case isVerb(words) && len(words) == 1 && len(named) > 1:
		return spelled(words) + " " + spelled(wordsOf(singular(named[len(named)-2]))) // mail/send
	case isVerb(words):
		return spelled(words)
	case method == "POST" && item:
		return "post to " + spelled(wordsOf(singular(procedure)))
	case method == "GET" && !item && strings.HasSuffix(procedure, "s") && singular(procedure) != procedure:
		return "list " + spelled(words)
	}
	return done[method] + " " + spelled(wordsOf(singular(procedure)))
}

func isVerb(words []string) bool {
	return len(words) > 0 && hasWord(verbs, strings.ToLower(words[0]))
}

// title is what modelers show: the service and what is done there.
func title(brand, deed string) string {
	name := brands[strings.ToLower(brand)]
	if name == "" {
		name = capitalised(brand)
	}
	return name + ": " + capitalised(deed)
}

// wrappers are the keys of a body that only hold the others, so that nobody
// would name them: {"properties": {"email": ...}}.
const wrappers = "attributes data fields payload properties"

// domain is a host from its end to its beginning, as ids begin, without what
// only says that it is an API.
func domain(host string) string {
	labels := strings.Split(strings.ToLower(host), ".")
	if len(labels) > 2 && hasWord("api www", labels[0]) {
		labels = labels[1:]
	}
	slices.Reverse(labels)
	return strings.Join(labels, ".")
}

var (
	// secretParameter are names of a query's parameters that hold secrets,
	// whatever the value looks like, and pageToken those of the like that do not.
	secretParameter = regexp.MustCompile(`(?i)(^|[-_.])(h?api[-_]?key|(access|account|app|auth|client|integration|license|private|routing|secret|service|subscription)[-_]?key|` +
		`[a-z]*token|auth|authorization|credentials?|client[-_]?secret|secret|passw(or)?d|pwd|sig|signature|appid)$`)
	pageToken = regexp.MustCompile(`(?i)(page|next|continuation|cursor|sync|delta|start|resume|csrf)[-_]?token$`)
	// serviceKey are names in a body that hold secrets.
	serviceKey = regexp.MustCompile(`(?i)(^|[-_ .])(api|access|integration|routing|secret|subscription)[-_ ]?key$`)
	// secretKey is a value of a parameter "key" that is one.
	secretKey = regexp.MustCompile(`(?i)^[a-z0-9_-]{16,}$|key`)
)

// isSecretParameter reports whether a parameter of a query holds a secret.
func isSecretParameter(name, value string) bool {
	switch {
	case value == "" || pageToken.MatchString(name):
		return false
	case strings.EqualFold(name, "key"):
		return secretKey.MatchString(plain(value))
	}
	return secretParameter.MatchString(name)
}
