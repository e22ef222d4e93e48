// Package policy holds what is done about a call beyond making it once. A
// policy is an input of the connector under the name callPolicy, so that no
// process variable becomes one by chance, and templates offer it like any
// other input:
//
//	callPolicy.retry.attempts = 5
//
// A new policy is a struct with bind tags, a field of Policies, and a function
// that wraps a Call.
package policy

import (
	"context"
	"math/rand/v2"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// Variable is the name of the variable that holds a connector's policies.
const Variable = "callPolicy"

// Input is the input that policies are bound from, for lint, documentation and
// forms; Bind reads it.
type Input struct {
	CallPolicy struct {
		Retry Retry `bind:"retry" doc:"Repeats a call that went wrong."`
	} `bind:"callPolicy" doc:"What is done about a call beyond making it once."`
}

// Policies are the policies of one call; a nil one is not in force.
type Policies struct {
	Retry *Retry
}

// Bind reads the policies from a connector's input. A policy is in force when
// any of its values is given; the others have their defaults. What does not
// fit is an *protocols.InputError.
func Bind(variables map[string]any) (Policies, error) {
	given := variables[Variable]
	if given == nil {
		return Policies{}, nil
	}
	var in Input
	bind.Defaults(&in)
	if err := bind.Bind(variables, &in); err != nil {
		return Policies{}, err
	}
	var p Policies
	if object, ok := given.(map[string]any); ok && object["retry"] != nil {
		p.Retry = &in.CallPolicy.Retry
	}
	return p, nil
}

// Call makes a call once.
type Call func(ctx context.Context) (protocols.Output, error)

// Target is what policies need to know of the call.
type Target struct {
	// Idempotent says that the call may be repeated although an earlier one
	// may have reached the server.
	Idempotent func() bool
	// Clock tells and passes the time.
	Clock Clock
}

// Clock tells and passes the time. A zero field means the real thing.
type Clock struct {
	// Now tells the time.
	Now func() time.Time
	// Sleep waits, or returns the context's error when that ends first.
	Sleep func(ctx context.Context, d time.Duration) error
	// Random returns a number from 0 to below 1, for jitter.
	Random func() float64
}

// WithDefaults returns the clock with zero fields filled.
func (c Clock) WithDefaults() Clock {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	return c
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Do makes a call under the policies; attempts is how often it was made.
func (p Policies) Do(ctx context.Context, t Target, call Call) (out protocols.Output, attempts int, err error) {
	counted := func(ctx context.Context) (protocols.Output, error) {
		attempts++
		return call(ctx)
	}
	if p.Retry == nil {
		out, err = counted(ctx)
		return out, attempts, err
	}
	out, err = p.Retry.do(ctx, t, counted)
	return out, attempts, err
}
