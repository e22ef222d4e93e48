package templates

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	secretName  = regexp.MustCompile(`(?i)(passwords?|passwd|passphrase|secrets?|tokens?|api[-_ ]?keys?|private[-_ ]?keys?|secret[-_ ]?(access)?[-_ ]?keys?)$`)
	secretValue = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|AKIA[0-9A-Z]{16}|AIza[A-Za-z0-9_-]{35}|xox[abprs]-[A-Za-z0-9-]{10,}|glpat-[A-Za-z0-9_-]{20,}|[rs]k_live_[A-Za-z0-9]{16,}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,})`)
	// authorization is a header's value with credentials in it, and userinfo a
	// URL's part with a password.
	authorization = regexp.MustCompile(`(?i)\b(bearer|basic) +([a-z0-9._~+/=-]{12,})`)
	userinfo      = regexp.MustCompile(`^=?"?https?://[^/\s:@{"]+:[^/\s@{"]+@`)
)

func (p property) secrets() {
	value, isText := p.Value.(string)
	switch {
	case !isText || strings.TrimSpace(value) == "":
	case secretValue.MatchString(value), authorization.MatchString(value), userinfo.MatchString(value), p.namedSecret() && plainSecret(value):
		p.warn("/value", "clear-secret", "the default looks like a secret in clear text", "write {{secrets.NAME}} and give the secret to the server")
	}
}

// namedSecret reports whether what the property is bound to is a secret by its
// name.
func (p property) namedSecret() bool {
	typed := p.Type == "String" || p.Type == "Text" || p.Type == "" || p.Type == "Hidden"
	return typed && secretName.MatchString(p.Binding.slot().name)
}

// emptyPassword is what Camunda's REST protocol takes for an empty password.
const emptyPassword = "SPEC_PASSWORD_EMPTY_PATTERN"

// plainSecret reports whether a text is neither an expression nor a reference,
// nor a number such as the limit "maxTokens".
func plainSecret(value string) bool {
	_, err := strconv.ParseFloat(value, 64)
	return err != nil && value != emptyPassword && !strings.HasPrefix(value, "=") && !strings.Contains(value, "secrets.")
}
