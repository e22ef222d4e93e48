package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"patchbay/engine/policy"
	"patchbay/engine/secret"
	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/value"
)

// input makes the call of the job's variables: what the request expression
// adds, the secrets, the protocol's input and the policies.
func (a *attempt) input(ctx context.Context) (protocols.Call, policy.Policies, error) {
	var none policy.Policies
	if a.Constraints != nil {
		if err := a.Constraints(ctx, a.job, a.vars.only); err != nil {
			return protocols.Call{}, none, err
		}
	}
	variables, err := a.requested(ctx)
	if err != nil {
		return protocols.Call{}, none, err
	}
	if d := a.details(); d != nil {
		d.Input = variables
	}
	variables, err = a.secrets(ctx, variables)
	if err != nil {
		return protocols.Call{}, none, err
	}
	if p, ok := a.line.out.(protocols.Preparer); ok {
		if variables, err = p.Prepare(ctx, variables); err != nil {
			return protocols.Call{}, none, err
		}
	}
	in := a.line.Input()
	if err := bind.Bind(variables, in); err != nil {
		return protocols.Call{}, none, err
	}
	policies, err := policy.Bind(variables)
	if err != nil {
		return protocols.Call{}, none, err
	}
	call := protocols.Call{Input: in, Headers: a.job.Headers, TenantID: a.job.TenantID, Observe: a.exchanged(), StatusOnly: a.details() == nil, Turn: &a.turn}
	return call, policies, nil
}

// requested returns the variables that the protocol reads, overlaid with what
// the request expression yields.
func (a *attempt) requested(ctx context.Context) (map[string]any, error) {
	if a.request.Program == nil {
		if a.request.err != nil {
			return nil, a.request.err
		}
		if a.result.Uses("$vars") || a.errors.Uses("$vars") {
			if _, err := a.vars.every(); err != nil {
				return nil, err
			}
		}
		return a.vars.only(a.line.names)
	}
	if _, err := a.vars.every(); err != nil {
		return nil, err
	}
	base, err := a.vars.only(a.line.names)
	if err != nil {
		return nil, err
	}
	res, err := a.eval(ctx, a.request, a.requestInput())
	if err != nil || res.Value == nil {
		return base, err
	}
	object, ok := res.Value.(map[string]any)
	if !ok {
		return nil, wrongShape("Request", res.Value)
	}
	return value.Merge(base, a.read(object)), nil
}

// read returns what the protocol reads of an object, and warns of the rest.
func (a *attempt) read(object map[string]any) map[string]any {
	out := make(map[string]any, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if a.line.names[name] {
			out[name] = object[name]
		} else {
			a.warn(headerRequestExpression, fmt.Sprintf("the protocol %q reads no input %q", a.line.Name, name))
		}
	}
	return out
}

// secrets resolves the references in the input.
func (a *attempt) secrets(ctx context.Context, input map[string]any) (map[string]any, error) {
	if a.request.Program == nil && !secret.InJSON(a.job.Variables) {
		return input, nil
	}
	r := secret.Resolver{
		Provider: a.Secrets,
		Query:    secret.Query{TenantID: a.job.TenantID, BpmnProcessID: a.job.BpmnProcessID},
		Allowed:  a.allowed(),
		Masker:   &a.masker,
	}
	out, err := r.Resolve(ctx, input)
	for _, name := range r.Refused {
		a.warn("secrets", fmt.Sprintf("the reference to secret %q was left as it is, since the element's author did not write it", name))
	}
	var missing *secret.MissingError
	if errors.As(err, &missing) {
		return nil, &protocols.InputError{Message: missing.Error(), Cause: missing}
	}
	if err != nil {
		return nil, err
	}
	return out.(map[string]any), nil
}

// allowed returns the names that this job may resolve; nil allows all.
func (a *attempt) allowed() func(string) bool {
	if a.SecretNames != nil {
		if names, known := a.SecretNames(a.job); known {
			return func(name string) bool { return names[name] }
		}
	}
	if a.ModelSecretsOnly {
		return func(string) bool { return false }
	}
	return nil
}
