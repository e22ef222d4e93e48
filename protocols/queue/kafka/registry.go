package kafka

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/protocols/queue"
)

// registryPrefix may stand before the properties of a registry's client.
const registryPrefix = "schema.registry."

// registry is a schema registry with what it has told so far. Both numbers and
// the schemas that they stand for never change.
type registry struct {
	client  *sr.Client
	numbers *cache[int]          // by subject and schema
	schemas *cache[*avro.Schema] // by number
	// registers is false when only schemas count that are there already, and
	// latest when the subject's latest one does.
	registers, latest bool
}

// registriesKey is the place of the registries in Host.Shared.
type registriesKey struct{}

const mostRegistries = 64

const inputRegistry = "schemaStrategy.schemaRegistryUrl"

// registryOf returns the registry at an address, with the account that the
// properties name.
func registryOf(h protocols.Host, address string, s *settings) (*registry, error) {
	if strings.TrimSpace(address) == "" {
		return nil, &protocols.InputError{Path: inputRegistry, Message: "is required, but is empty"}
	}
	shared, err := h.Shared.Get(registriesKey{}, func() (any, error) { return newCache[*registry](mostRegistries), nil })
	if err != nil {
		return nil, err
	}
	account := s.registryAccount()
	key := queue.Digest(address, account.user, account.password, account.token, s.given["auto.register.schemas"], s.given["use.latest.version"])
	return shared.(*cache[*registry]).get(key, func() (*registry, error) { return newRegistry(h, address, account, s) })
}

func newRegistry(h protocols.Host, address string, account registryAccount, s *settings) (*registry, error) {
	client, err := httpx.New(h)
	if err != nil {
		return nil, err
	}
	opts := []sr.ClientOpt{sr.HTTPClient(client.HTTP()), sr.UserAgent("patchbay")}
	var urls []string
	for text := range strings.SplitSeq(address, ",") {
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, &protocols.InputError{Path: inputRegistry, Message: "expected an address such as https://registry:8081"}
		}
		if u.User != nil && account.user == "" {
			account.user = u.User.Username()
			account.password, _ = u.User.Password()
		}
		u.User = nil
		urls = append(urls, u.String())
	}
	if account.user != "" {
		opts = append(opts, sr.BasicAuth(account.user, account.password))
	} else if account.token != "" {
		opts = append(opts, sr.BearerToken(account.token))
	}
	asked, err := sr.NewClient(append(opts, sr.URLs(urls...))...)
	if err != nil {
		return nil, &protocols.InputError{Path: inputRegistry, Message: err.Error(), Cause: err}
	}
	return &registry{client: asked, numbers: newCache[int](mostSchemas), schemas: newCache[*avro.Schema](mostSchemas),
		registers: s.given["auto.register.schemas"] != "false", latest: s.given["use.latest.version"] == "true"}, nil
}

// registryAccount is who asks a registry.
type registryAccount struct{ user, password, token string }

// registryAccount reads the properties of the registry's client, with and
// without their prefix.
func (s *settings) registryAccount() (a registryAccount) {
	given := func(name string) string {
		if text := s.given[registryPrefix+name]; text != "" {
			return text
		}
		return s.given[name]
	}
	switch strings.ToUpper(given("basic.auth.credentials.source")) {
	case "SASL_INHERIT":
		a.user, a.password = s.security.login.Username, s.security.login.Password
	default:
		a.user, a.password, _ = strings.Cut(given("basic.auth.user.info"), ":")
	}
	a.token = given("bearer.auth.token")
	return a
}

// register returns the number of a schema below a subject, and registers it
// unless the author does not want that.
func (r *registry) register(ctx context.Context, subject string, schema sr.Schema) (int, error) {
	if r.latest {
		return r.latestNumber(ctx, subject)
	}
	return r.numbers.get(queue.Digest(subject, schema.Schema), func() (int, error) {
		if r.registers {
			return r.client.RegisterSchema(ctx, subject, schema, -1, -1)
		}
		found, err := r.client.LookupSchema(ctx, subject, schema)
		return found.ID, err
	})
}

// latestVersion asks for the latest version of a subject.
const latestVersion = -1

func (r *registry) latestNumber(ctx context.Context, subject string) (int, error) {
	found, err := r.client.SchemaByVersion(ctx, subject, latestVersion)
	return found.ID, err
}

// registryFailed is the error of a publication for which a registry has no
// number.
func registryFailed(err error) error {
	if protocols.IsInputError(err) {
		return &protocols.InputError{Path: inputRegistry, Message: err.Error(), Cause: err}
	}
	e := failed(fmt.Errorf("schema registry: %w", err))
	e.Unsent = true
	e.Variables = map[string]any{"kafkaError": kafkaRegistry}
	var refused *sr.ResponseError
	if errors.As(err, &refused) {
		e.Temporary = sr.IsServerError(refused.StatusCode) || refused.StatusCode == http.StatusTooManyRequests || refused.StatusCode >= http.StatusInternalServerError
		e.Variables["registryStatus"], e.Variables["registryError"] = refused.StatusCode, refused.ErrorCode
	}
	return e
}

// schema returns the schema of a number. One that the registry does not know
// never will be; anything else may pass.
func (r *registry) schema(ctx context.Context, number int) (*avro.Schema, error) {
	return r.schemas.get(strconv.Itoa(number), func() (*avro.Schema, error) {
		found, err := r.client.SchemaByID(ctx, number)
		if err != nil {
			return nil, unread(err)
		}
		if found.Type != sr.TypeAvro {
			return nil, fmt.Errorf("expected an Avro schema but got one of type %s", found.Type)
		}
		all := referred{registry: r, seen: map[sr.SchemaReference]bool{}}
		if err := all.read(ctx, found.References); err != nil {
			return nil, err
		}
		return all.known.Parse(found.Schema, plainly...)
	})
}

// mostReferences bounds how many other schemas one may refer to, together with
// those that they refer to.
const mostReferences = 100

// referred are the schemas that one refers to.
type referred struct {
	registry *registry
	known    avro.SchemaCache
	seen     map[sr.SchemaReference]bool
}

// read reads schemas, those that they refer to first.
func (a *referred) read(ctx context.Context, list []sr.SchemaReference) error {
	for _, reference := range list {
		reference.Name = ""
		if a.seen[reference] {
			continue
		}
		if a.seen[reference] = true; len(a.seen) > mostReferences {
			return fmt.Errorf("the schema refers to more than %d others", mostReferences)
		}
		found, err := a.registry.client.SchemaByVersion(ctx, reference.Subject, reference.Version)
		if err != nil {
			return unread(err)
		}
		if err := a.read(ctx, found.References); err != nil {
			return err
		}
		if _, err := a.known.Parse(found.Schema.Schema, plainly...); err != nil {
			return fmt.Errorf("schema %q: %w", reference.Subject, err)
		}
	}
	return nil
}

// unread is the error of a schema that could not be had.
func unread(err error) error {
	var refused *sr.ResponseError
	if errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound {
		return err
	}
	return &protocols.Error{Code: CodeFail, Message: "schema registry: " + err.Error(), Temporary: true, Cause: err}
}
