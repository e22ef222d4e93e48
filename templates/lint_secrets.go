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
	value, _ := p.Value.(string)
	name := ""
	if p.Type == "String" || p.Type == "Text" || p.Type == "" || p.Type == "Hidden" {
		name = p.Binding.slot().name
	}
	if LooksSecret(name, value) {
		p.warn("/value", "clear-secret", "the default looks like a secret in clear text", "write {{secrets.NAME}} and give the secret to the server")
	}
}

// LooksSecret reports whether a text looks like a secret in clear text: by its
// form, or by the name of what it is for. The name may be empty.
func LooksSecret(name, value string) bool {
	if strings.TrimSpace(value) == "" {
		return false
	}
	return secretValue.MatchString(value) || authorization.MatchString(value) || userinfo.MatchString(value) ||
		secretName.MatchString(name) && plainSecret(value)
}

// emptyPassword is what Camunda's REST protocol takes for an empty password.
const emptyPassword = "SPEC_PASSWORD_EMPTY_PATTERN"

// plainSecret reports whether a text is neither an expression nor a reference,
// nor a number such as the limit "maxTokens".
func plainSecret(value string) bool {
	_, err := strconv.ParseFloat(value, 64)
	return err != nil && value != emptyPassword && !strings.HasPrefix(value, "=") && !strings.Contains(value, "secrets.")
}
