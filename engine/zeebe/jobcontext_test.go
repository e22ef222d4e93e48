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
		{"when its handler has returned", func(c *jobContext, _ context.CancelFunc) { c.cancel(context.Canceled) }, context.Canceled, 0},
		{"later, moved", func(c *jobContext, _ context.CancelFunc) { c.move(c.lockEnd.Add(90*time.Second), time.Now()) }, context.DeadlineExceeded, 99 * time.Second},
		{"at once, moved to the past", func(c *jobContext, _ context.CancelFunc) { c.move(time.Now(), time.Now()) }, context.DeadlineExceeded, 0},
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
				c.move(began.Add(time.Hour), time.Now())
				if c.Err() == nil {
					t.Error("an ended context lives again")
				}
			})
		})
	}
}

func TestJobContextAfterFunc(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newJobContext(t.Context(), time.Now().Add(time.Second), time.Now())
		var ran []string
		stop := c.AfterFunc(func() { ran = append(ran, "stopped") })
		c.AfterFunc(func() { ran = append(ran, "kept") })
		if !stop() || stop() {
			t.Error("stop tells the wrong thing")
		}
		c.cancel(context.Canceled)
		late := c.AfterFunc(func() { ran = append(ran, "late") })
		synctest.Wait()
		if late() || len(ran) != 2 || ran[0] != "kept" || ran[1] != "late" {
			t.Errorf("ran %v", ran)
		}
	})
}
