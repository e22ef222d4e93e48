package api

import (
	"context"
	"net/http"
)

// turns bounds how many things run at a time; others wait.
type turns chan struct{}

// take waits for a turn, which release ends. The error is a problem: the
// caller went away before it came.
func (t turns) take(ctx context.Context) (release func(), err error) {
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, problem(http.StatusServiceUnavailable, "too many requests of this kind at a time; try again")
	}
}
