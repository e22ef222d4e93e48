package secret

import (
	"context"
	"os"
	"strings"
)

// DefaultPrefix begins the names of environment variables that are secrets.
const DefaultPrefix = "SECRET_"

// Env is a Provider of environment variables. A name is looked up after the
// prefix as it is, then in the form that environments allow: capitals, and "_"
// for what is no letter or digit.
type Env struct {
	// Prefix begins the variables' names. With an empty one the whole
	// environment can be read by templates.
	Prefix string
	// Lookup returns a variable; os.LookupEnv if nil.
	Lookup func(name string) (string, bool)
}

// Secret implements Provider.
func (e Env) Secret(_ context.Context, q Query) (string, bool, error) {
	lookup := e.Lookup
	if lookup == nil {
		lookup = os.LookupEnv
	}
	value, ok := lookup(e.Prefix + q.Name)
	if !ok {
		value, ok = lookup(e.Prefix + variable(q.Name))
	}
	return value, ok, nil
}

// Hint names the variable to set.
func (e Env) Hint(name string) string {
	return "set the environment variable " + e.Prefix + variable(name)
}

func variable(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && alphanumeric(byte(r)) {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}
