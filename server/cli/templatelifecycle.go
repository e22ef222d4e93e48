package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// versionFlags name a version of a template on a server.
type versionFlags struct {
	serverFlags
	Version string `arg:"" name:"id@version" help:"Template id and version, such as com.example.rates@3; @0 where it has no version."`
}

// path is the version's in the API.
func (f versionFlags) path() (string, error) {
	at := strings.LastIndexByte(f.Version, '@')
	if _, err := strconv.ParseUint(f.Version[at+1:], 10, 63); at <= 0 || err != nil {
		return "", usage(fmt.Errorf("%q: expected id@version, such as com.example.rates@3", f.Version))
	}
	return "/api/v1/templates/" + url.PathEscape(f.Version[:at]) + "/versions/" + url.PathEscape(f.Version[at+1:]), nil
}

type templateDeprecateCmd struct {
	versionFlags
	Reason      string `xor:"what" required:"" placeholder:"TEXT" help:"Why, for the people who see it in their modeler."`
	Undo        bool   `xor:"what" required:"" help:"Take the deprecation back."`
	Replacement string `placeholder:"ID" help:"What to use instead: an id, or id@version."`
}

func (templateDeprecateCmd) Help() string {
	return `Examples:
  patchbay template deprecate com.example.rates@3 --reason 'the service ends in June' --replacement com.example.rates@4
  patchbay template deprecate com.example.rates@3 --undo`
}

func (c *templateDeprecateCmd) Run(ctx context.Context, s Streams) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	method, body, done := http.MethodDelete, []byte(nil), "is deprecated no more"
	if !c.Undo {
		method, done = http.MethodPut, "is deprecated"
		if body, err = json.Marshal(map[string]string{"reason": c.Reason, "replacement": c.Replacement}); err != nil {
			return err
		}
	}
	if _, _, err := c.send(ctx, method, path+"/deprecation", body); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%s %s\n", c.Version, done)
	return nil
}

type templateDeleteCmd struct{ versionFlags }

func (templateDeleteCmd) Help() string {
	return `Example: patchbay template delete com.example.rates@3

Refused while a deployed process uses the version. What is deleted may be published again as it was; another text
needs another version.`
}

func (c *templateDeleteCmd) Run(ctx context.Context, s Streams) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	if _, _, err := c.send(ctx, http.MethodDelete, path, nil); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%s is deleted\n", c.Version)
	return nil
}
