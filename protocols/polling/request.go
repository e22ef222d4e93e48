package polling

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/httpx"
)

// poll makes one request and returns the response. scope is what the properties'
// expressions see.
func (p *poller) poll(ctx context.Context, scope map[string]any) (map[string]any, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	input, err := p.input(ctx, scope)
	if err != nil {
		return nil, err
	}
	output, err := p.outbound.Execute(ctx, protocols.Call{Input: input, Observe: p.host.Observe})
	if err != nil {
		return nil, err
	}
	response, ok := output.Value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("expected the response to be an object but got %T", output.Value)
	}
	return response, nil
}

// input evaluates the properties and binds them to the request's input.
func (p *poller) input(ctx context.Context, scope map[string]any) (any, error) {
	properties := p.p.request()
	for name, value := range properties {
		evaluated, err := p.evaluate(ctx, value, scope)
		if err != nil {
			return nil, at(name, err)
		}
		properties[name] = evaluated
	}
	for _, name := range []string{"headers", "queryParameters"} {
		properties[name] = object(properties[name])
	}
	if prepare, ok := p.outbound.(protocols.Preparer); ok {
		var err error
		if properties, err = prepare.Prepare(ctx, properties); err != nil {
			return nil, err
		}
	}
	input := p.protocol.Input()
	return input, bind.Bind(properties, input)
}

// at puts a property's name to an error.
func at(name string, err error) error {
	var input *protocols.InputError
	if errors.As(err, &input) && input.Path != "" {
		name += "." + input.Path
		err = errors.New(input.Message)
	}
	return &protocols.InputError{Path: name, Message: err.Error(), Cause: err}
}

// evaluate evaluates the texts in a value that begin with "=".
func (p *poller) evaluate(ctx context.Context, value any, scope map[string]any) (any, error) {
	switch v := value.(type) {
	case string:
		if strings.HasPrefix(strings.TrimSpace(v), "=") {
			return p.host.Evaluate(ctx, v, scope)
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			evaluated, err := p.evaluate(ctx, member, scope)
			if err != nil {
				return nil, at(name, err)
			}
			out[name] = evaluated
		}
		return out, nil
	}
	return value, nil
}

// object reads an object that is written as JSON text, as Camunda does.
func object(value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	if decoded, err := httpx.DecodeJSON([]byte(text)); err == nil {
		return decoded
	}
	return value
}

// interval evaluates httpRequestInterval.
func (p *poller) interval(ctx context.Context, scope map[string]any) (time.Duration, error) {
	return p.duration(ctx, "httpRequestInterval", p.p.Interval, defaultInterval, scope)
}

// duration evaluates a property that is a time; a missing, empty or null one has
// its default.
func (p *poller) duration(ctx context.Context, name string, value any, otherwise time.Duration, scope map[string]any) (time.Duration, error) {
	evaluated, err := p.evaluate(ctx, value, scope)
	if err != nil {
		return 0, at(name, err)
	}
	if evaluated == "" || evaluated == nil {
		return otherwise, nil
	}
	var bound struct {
		Value time.Duration `bind:"value"`
	}
	err = bind.Bind(map[string]any{"value": evaluated}, &bound)
	var wrong *protocols.InputError
	switch {
	case errors.As(err, &wrong):
		return 0, &protocols.InputError{Path: name, Message: wrong.Message}
	case err == nil && bound.Value < shortest:
		return 0, &protocols.InputError{Path: name, Message: "expected at least PT0.1S"}
	}
	return bound.Value, err
}
