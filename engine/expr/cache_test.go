package expr

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

func TestCacheKeepsProgramsAndErrors(t *testing.T) {
	c := NewCache(10, Limits{})
	p1, err := c.Compile(free, ".a")
	if err != nil {
		t.Fatal(err)
	}
	if p2, _ := c.Compile(free, ".a"); p1 != p2 {
		t.Error("compiled twice")
	}
	if p3, _ := c.Compile(ErrorExpression, ".a"); p1 == p3 {
		t.Error("slots share a program")
	}
	_, err1 := c.Compile(free, "{")
	_, err2 := c.Compile(free, "{")
	if err1 == nil || err1 != err2 {
		t.Errorf("errors %v and %v", err1, err2)
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := NewCache(10, Limits{})
	keep, _ := c.Compile(free, ".keep")
	for i := range 100 {
		if _, err := c.Compile(free, fmt.Sprintf(".a + %d", i)); err != nil {
			t.Fatal(err)
		}
		if p, _ := c.Compile(free, ".keep"); p != keep {
			t.Fatal("what is used was dropped")
		}
	}
	if n := c.Len(); n > 10 {
		t.Errorf("%d programs are kept", n)
	}
}

func TestCacheForManyGoroutines(t *testing.T) {
	c := NewCache(4, Limits{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				p, err := c.Compile(free, fmt.Sprintf(". + %d", (g+i)%6))
				if err != nil {
					t.Error(err)
					return
				}
				if res, err := p.Eval(context.Background(), Input{Dot: 1}); err != nil || res.Value != 1+(g+i)%6 {
					t.Errorf("got %v, %v", res.Value, err)
				}
			}
		})
	}
	wg.Wait()
}
