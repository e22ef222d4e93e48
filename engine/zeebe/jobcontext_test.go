package zeebe

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestJobContextEnds(t *testing.T) {
	type key struct{}
	for _, tt := range []struct {
		name string
		end  func(c *jobContext, parent context.CancelFunc)
		err  error
		took time.Duration
	}{
		{"with the lock, less a margin", func(*jobContext, context.CancelFunc) {}, context.DeadlineExceeded, 9500 * time.Millisecond},
		{"with its parent", func(_ *jobContext, parent context.CancelFunc) { parent() }, context.Canceled, 0},
		{"when its handler has returned", func(c *jobContext, _ context.CancelFunc) { c.cancel() }, context.Canceled, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
				defer cancel()
				began := time.Now()
				c := newJobContext(parent, began.Add(10*time.Second), began)
				child, cancelChild := context.WithCancel(c)
				defer cancelChild()
				if c.Value(key{}) != "value" || child.Value(jobContextKey{}) != any(c) {
					t.Error("values are not found")
				}
				tt.end(c, cancel)
				<-child.Done()
				if took := time.Since(began); took != tt.took {
					t.Errorf("ended after %v, want %v", took, tt.took)
				}
				if !errors.Is(c.Err(), tt.err) || !errors.Is(child.Err(), tt.err) || !errors.Is(context.Cause(child), tt.err) {
					t.Errorf("ended with %v, its child with %v, want %v", c.Err(), child.Err(), tt.err)
				}
			})
		})
	}
}

func TestMovedContext(t *testing.T) {
	type key struct{}
	for _, tt := range []struct {
		name string
		lock time.Duration
		end  func(c *jobContext, parent context.CancelFunc)
		err  error
		took time.Duration
	}{
		{"later", 100 * time.Second, func(*jobContext, context.CancelFunc) {}, context.DeadlineExceeded, 99 * time.Second},
		{"sooner", time.Second, func(*jobContext, context.CancelFunc) {}, context.DeadlineExceeded, 950 * time.Millisecond},
		{"in the past", -time.Second, func(*jobContext, context.CancelFunc) {}, context.DeadlineExceeded, 0},
		{"with the worker", 100 * time.Second, func(_ *jobContext, parent context.CancelFunc) { parent() }, context.Canceled, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, cancel := context.WithCancel(t.Context())
				defer cancel()
				began := time.Now()
				c := newJobContext(parent, began.Add(10*time.Second), began)
				defer c.cancel()
				longer, end := c.until(context.WithValue(c, key{}, "value"), began.Add(tt.lock), began)
				defer end()
				child, cancelChild := context.WithCancel(longer)
				defer cancelChild()
				if child.Value(key{}) != "value" {
					t.Error("values are not found")
				}
				tt.end(c, cancel)
				<-child.Done()
				if took := time.Since(began); took != tt.took || !errors.Is(child.Err(), tt.err) || !errors.Is(context.Cause(child), tt.err) {
					t.Errorf("ended after %v with %v, want %v with %v", took, child.Err(), tt.took, tt.err)
				}
			})
		})
	}
}
