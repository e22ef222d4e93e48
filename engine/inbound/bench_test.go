package inbound

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
	"patchbay/protocols/bind"
)

// bigProcess is a process as people draw them, with four inbound elements.
func bigProcess(id string) []byte {
	var nodes strings.Builder
	for i := range 12 {
		fmt.Fprintf(&nodes, `<bpmn:serviceTask id="task%d" name="Do something about it"><bpmn:extensionElements><zeebe:taskDefinition type="io.camunda:http-json:1"/>
<zeebe:ioMapping><zeebe:input source="=order.id" target="url"/></zeebe:ioMapping></bpmn:extensionElements></bpmn:serviceTask><bpmn:sequenceFlow id="f%d" sourceRef="task%d" targetRef="task%d"/>`, i, i, i, (i+1)%12)
	}
	for i := range 4 {
		pairs := []string{listens, "test:listen", "deduplicationMode", "AUTO", "address", fmt.Sprintf("%s/%d", id, i),
			"activationCondition", fmt.Sprintf(`=request.body.type = "order%d"`, i), "resultExpression", "{order: .request.body.id, lines: [.request.body.lines[].sku]}",
			"correlationKeyExpression", "=request.body.id"}
		if i == 0 {
			nodes.WriteString(start("start", pairs...))
		} else {
			nodes.WriteString(catch(fmt.Sprintf("catch%d", i), pairs...))
		}
	}
	return []byte(strings.Replace(string(bpmnOf(nodes.String(), aMessage)), `id="p"`, `id="`+id+`"`, 1))
}

// quietProtocol listens to nothing.
func quietProtocol() protocols.Protocol {
	return protocols.Protocol{
		Name: "listen", InboundTypes: []string{"test:listen"},
		Properties: func() any { p := &fakeProperties{}; bind.Defaults(p); return p },
		Inbound:    func(protocols.InboundHost, any) (protocols.Inbound, error) { return quietListener{}, nil },
	}
}

type quietListener struct{}

func (quietListener) Receive(ctx context.Context, ready func(), _ protocols.Handler) error {
	ready()
	<-ctx.Done()
	return nil
}

// BenchmarkActivate activates 2,000 inbound elements in 500 definitions. It
// reports the process's whole memory as well.
func BenchmarkActivate(b *testing.B) {
	registry, err := protocols.NewRegistry(quietProtocol())
	if err != nil {
		b.Fatal(err)
	}
	push := source.NewPush("bench")
	for i := range 500 {
		id := fmt.Sprintf("process-%03d", i)
		push.Set(source.Change{Process: source.Process{ID: id}, Definitions: []source.Definition{{Key: int64(i + 1), Version: 1,
			XML: func(context.Context) ([]byte, error) { return bigProcess(id), nil }}}})
	}
	push.Scanned()
	for b.Loop() {
		m := NewManager(Options{Registry: registry, Sources: []source.Source{push}, Gateway: noGateway{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error)
		go func() { ended <- m.Run(ctx) }()
		for !m.Ready() {
			time.Sleep(time.Millisecond)
		}
		b.StopTimer()
		if n := len(m.Executables()); n != 2000 {
			b.Fatalf("%d executables", n)
		}
		b.ReportMetric(residentMB(), "MB-resident")
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		b.ReportMetric(float64(s.HeapAlloc+s.StackInuse)/(1<<20), "MB-live")
		cancel()
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// residentMB is the resident set where the system tells, else 0.
func residentMB() float64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident float64
	_, _ = fmt.Sscan(string(data), &size, &resident)
	return resident * float64(os.Getpagesize()) / (1 << 20)
}
