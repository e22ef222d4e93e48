package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"patchbay/engine/zeebe"
)

// gatewayFlags say which gateway a command talks to.
type gatewayFlags struct {
	Gateway string `placeholder:"HOST:PORT" help:"Gateway address; ZEEBE_ADDRESS and the other client variables count too (default ${default_gateway})."`
}

// commandTimeout bounds a gateway command that has no time limit of its own.
const commandTimeout = 20 * time.Second

func (g gatewayFlags) dial(ctx context.Context) (*zeebe.Client, error) {
	options, err := zeebe.OptionsFromEnv(os.LookupEnv, g.Gateway)
	if err != nil {
		return nil, usage(err)
	}
	return zeebe.Dial(ctx, options)
}

type deployCmd struct {
	gatewayFlags
	Files []string `arg:"" name:"file" help:"BPMN files (and DMN or forms, where the gateway takes them)."`
	JSON  bool     `name:"json" help:"Print a JSON object per process: {\"process\",\"version\",\"key\"}."`
}

func (deployCmd) Help() string {
	return `Example: patchbay deploy order.bpmn payment.bpmn --gateway zeebe:26500`
}

func (c *deployCmd) Run(ctx context.Context, s Streams) error {
	resources := make([]zeebe.Resource, len(c.Files))
	for i, file := range c.Files {
		content, err := readFile(file)
		if err != nil {
			return err
		}
		resources[i] = zeebe.Resource{Name: filepath.Base(file), Content: content}
	}
	client, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	deployment, err := client.Deploy(ctx, "", resources...)
	if err != nil {
		return err
	}
	for _, d := range deployment.Deployed {
		printDeployed(s.Out, d, c.JSON)
	}
	return nil
}

func printDeployed(w io.Writer, d zeebe.Deployed, asJSON bool) {
	if asJSON {
		printJSON(w, map[string]any{"process": d.ID, "version": d.Version, "key": d.Key})
		return
	}
	fmt.Fprintf(w, "%s %s version %d key %d\n", d.Kind, d.ID, d.Version, d.Key)
}

type startCmd struct {
	gatewayFlags
	Process string        `arg:"" help:"BPMN process id."`
	Vars    string        `placeholder:"JSON|@FILE" help:"Start variables."`
	Wait    bool          `help:"Wait for the end and print the result's variables as JSON."`
	Timeout time.Duration `default:"10m" help:"How long --wait waits."`
	JSON    bool          `name:"json" help:"Print the started instance as JSON: {\"process\",\"version\",\"key\"}."`
}

func (startCmd) Help() string {
	return `Example: patchbay start order --vars '{"amount": 12}' --wait`
}

func (c *startCmd) Run(ctx context.Context, s Streams) error {
	variables, err := variablesFlag("--vars", c.Vars)
	if err != nil {
		return err
	}
	client, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	instance := zeebe.NewInstance{ProcessID: c.Process, Variables: variables}
	if c.Wait {
		return c.wait(ctx, s, client, instance)
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	started, err := client.CreateInstance(ctx, instance)
	if err != nil {
		return err
	}
	if c.JSON {
		printJSON(s.Out, map[string]any{"process": started.ProcessID, "version": started.Version, "key": started.Key})
		return nil
	}
	fmt.Fprintf(s.Out, "started %s version %d instance %d\n", started.ProcessID, started.Version, started.Key)
	return nil
}

func (c *startCmd) wait(ctx context.Context, s Streams, client *zeebe.Client, instance zeebe.NewInstance) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	result, err := client.CreateInstanceWithResult(ctx, instance)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w (it may still run, or wait with an incident: the log of patchbay serve tells of failed jobs)", err)
	}
	if err != nil {
		return err
	}
	var variables any
	if err := decodeJSON(result.Variables, &variables); err != nil {
		return fmt.Errorf("read the result of %s: %w", c.Process, err)
	}
	printJSON(s.Out, variables)
	return nil
}

// variablesFlag reads a JSON object that is given in place or, after @, as a
// file.
func variablesFlag(flag, value string) (json.RawMessage, error) {
	if value == "" {
		return nil, nil
	}
	data, err := inlineOrFile(value)
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", flag, err))
	}
	var object map[string]any
	if err := decodeJSON(data, &object); err != nil {
		return nil, usage(fmt.Errorf("%s: expected a JSON object: %w", flag, err))
	}
	return data, nil
}
