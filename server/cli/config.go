package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// configFile gives flags their values from a YAML file whose keys are the
// flags' long names. A flag on the command line or in the environment wins.
type configFile map[string]any

// maxConfig is the largest configuration file read, in bytes.
const maxConfig = 1 << 20

func readConfig(r io.Reader) (kong.Resolver, error) {
	values, err := decodeConfig(r)
	if err != nil {
		return nil, fmt.Errorf("--config%s: %w", nameOf(r), err)
	}
	return values, nil
}

// nameOf returns the name of a file behind a blank.
func nameOf(r io.Reader) string {
	if f, ok := r.(interface{ Name() string }); ok {
		return " " + f.Name()
	}
	return ""
}

func decodeConfig(r io.Reader) (configFile, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxConfig))
	if err != nil {
		return nil, err
	}
	values := configFile{}
	return values, yaml.Unmarshal(data, &values)
}

// Validate refuses keys that are no flag of serve; kong calls it once.
func (c configFile) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, command := range app.Children {
		if command.Name == "serve" {
			for _, flag := range command.Flags {
				known[flag.Name] = true
			}
		}
	}
	var unknown []error
	for _, key := range slices.Sorted(maps.Keys(c)) {
		if !known[key] {
			unknown = append(unknown, fmt.Errorf("--config: unknown key %q (keys are the flags of patchbay serve, such as %q)", key, "listen"))
		}
	}
	return errors.Join(unknown...)
}

// Resolve returns the file's value of a flag, nil when it has none or when the
// environment says otherwise.
func (c configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := c[flag.Name]
	if !ok || slices.ContainsFunc(flag.Envs, isSet) {
		return nil, nil
	}
	return plain(value), nil
}

func isSet(name string) bool {
	_, ok := os.LookupEnv(name)
	return ok
}

// plain writes lists and maps as kong's command line does: a,b and k=v;k=v.
func plain(value any) any {
	switch v := value.(type) {
	case []any:
		return joined(v, ",", func(e any) string { return fmt.Sprint(e) })
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		return joined(keys, ";", func(k string) string { return fmt.Sprintf("%s=%v", k, v[k]) })
	case string, bool:
		return v
	default:
		return fmt.Sprint(v)
	}
}

func joined[T any](list []T, separator string, text func(T) string) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = text(e)
	}
	return strings.Join(parts, separator)
}
