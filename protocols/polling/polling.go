package polling

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"patchbay/protocols"
)

// Protocol describes polling with the requests of another protocol, whose
// response has the members that the documentation names: the REST protocol.
func Protocol(request protocols.Protocol) protocols.Protocol {
	return protocols.Protocol{
		Name:         "polling",
		Doc:          "Asks an HTTP API until it has the answer that an instance waits for, or for new items that start instances.",
		InboundTypes: []string{"io.camunda:http-polling:1"},
		Properties:   func() any { return &Properties{} },
		Event: append(slices.Clone(request.Response),
			protocols.Named{Name: "item", Doc: "Start events: the item; of the response there are status, headers and reason beside it."}),
		Sample:    sampled,
		Deferred:  []string{"*"},
		Exclusive: true,
		Inbound: func(h protocols.InboundHost, properties any) (protocols.Inbound, error) {
			return open(request, h, properties)
		},
	}
}

// maxInFlight bounds the requests of one executable at a time.
const maxInFlight = 8

// poller is the inbound connector of one executable.
type poller struct {
	host     protocols.InboundHost
	p        *Properties
	protocol protocols.Protocol
	outbound protocols.Outbound
	slots    chan struct{}
}

func open(request protocols.Protocol, host protocols.InboundHost, properties any) (protocols.Inbound, error) {
	p, ok := properties.(*Properties)
	if !ok {
		return nil, fmt.Errorf("open polling: expected *polling.Properties but got %T", properties)
	}
	outbound, err := request.Outbound(host.Host)
	if err != nil {
		return nil, fmt.Errorf("open polling: %w", err)
	}
	host.Host = host.Host.WithDefaults()
	return &poller{host: host, p: p, protocol: request, outbound: outbound, slots: make(chan struct{}, maxInFlight)}, nil
}

// Close lets go of what the requests were made with.
func (p *poller) Close() error {
	if c, ok := p.outbound.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Receive polls until ctx ends, and then until the events that were being handed
// on have been.
func (p *poller) Receive(ctx context.Context, ready func(), handle protocols.Handler) error {
	interval, err := p.duration(ctx, "processPollingInterval", p.p.ScanInterval, defaultScan, nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &scanner{poller: p, handle: handle, tasks: map[waiting]*task{}}
	defer s.running.Wait()
	defer cancel()
	return s.loop(ctx, sync.OnceFunc(ready), interval)
}

// elements are those that are served now.
func (p *poller) elements() []protocols.ElementRef {
	if p.host.Current != nil {
		return p.host.Current()
	}
	return p.host.Elements
}

// startType is the type of start events, with and without a message.
const startType = "startEvent"

func isStart(elements []protocols.ElementRef) bool {
	for _, e := range elements {
		if e.ElementType == startType {
			return true
		}
	}
	return false
}

func (p *poller) note(severity, tag, message string) {
	if p.host.Activity != nil {
		p.host.Activity.Note(severity, tag, message, nil)
	}
}

// handleTime bounds the handling of one event, which goes on when the listener
// ends.
const handleTime = 30 * time.Second

// hand hands an event on.
func hand(ctx context.Context, handle protocols.Handler, e protocols.Event) (protocols.Correlation, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handleTime)
	defer cancel()
	return handle(ctx, e)
}

// pause waits for d or until ctx ends; it reports whether it is to go on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

var (
	_ protocols.Inbound = (*poller)(nil)
	_ io.Closer         = (*poller)(nil)
)
