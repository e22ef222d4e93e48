package inbound

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestActivatesAndDeactivates(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		if b.Ready() {
			t.Error("ready before the first scan")
		}
		b.push.Scanned()
		synctest.Wait()
		if !b.Ready() {
			t.Error("not ready although nothing is deployed")
		}
		b.deploy(bpmnOf(start("s", "inbound.type", "test:listen", "address", "a")))
		b.expect("s@1=active")
		if got := b.wire.addresses(); len(got) != 1 || got[0] != "a" {
			t.Errorf("listeners: %q", got)
		}
		out, err := b.send("a", map[string]any{})
		if err != nil || out.ProcessInstanceKey != 101 || out.Element.ElementID != "s" {
			t.Errorf("%+v, %v", out, err)
		}
		b.deploy()
		b.expect("")
		if got := b.wire.addresses(); len(got) != 0 {
			t.Errorf("still listening: %q", got)
		}
	})
}

func TestFailuresAreTriedAgainForEver(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.wire.breakDown("a", errors.New("the broker is away"))
		b.deploy(bpmnOf(start("s", "inbound.type", "test:listen", "address", "a") + start("good", "inbound.type", "test:listen", "address", "b")))
		b.push.Scanned()
		b.expect("good@1=active s@1=backing_off")
		if !b.Ready() {
			t.Error("one that fails keeps the server from being ready")
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		b.expect("good@1=active s@1=backing_off")
		if h := b.Executables()[1].Health; h.Status != Down || h.Error != "the broker is away" {
			t.Errorf("health %+v", h)
		}
		b.wire.breakDown("a", nil)
		time.Sleep(2 * lastBackoff)
		synctest.Wait()
		b.expect("good@1=active s@1=active")
		if text := activityOf(b.Executables()[1]); strings.Count(text, "the broker is away") != 1 || !strings.Contains(text, "INFO up") {
			t.Errorf("activity:\n%s", text)
		}
	})
}
