package polling

import (
	"context"

	"patchbay/protocols"
)

// sample is a made-up poll. What is asked answers, or a stub in its place.
type sample struct {
	Cursor any `json:"cursor"`
}

var sampled = []protocols.Named{{Name: "cursor", Doc: "Start events: the cursor of the request; by default the initial one."}}

// Sample makes one request for the first element: for a start event without
// regard to the schedule and to further pages, else for one waiting instance.
func (p *poller) Sample(ctx context.Context, text []byte, handle protocols.Handler) (*protocols.Answer, error) {
	var given sample
	if err := protocols.DecodeSample(text, &given); err != nil {
		return nil, err
	}
	if isStart(p.elements()) {
		return nil, p.sampleStart(ctx, given, handle)
	}
	return nil, p.sampleInstance(ctx, handle)
}

func (p *poller) sampleStart(ctx context.Context, given sample, handle protocols.Handler) error {
	s, err := newStarter(ctx, p, handle)
	if err != nil {
		return err
	}
	if given.Cursor != nil {
		s.state.cursor = given.Cursor
	}
	_, err = s.page(ctx)
	return err
}

func (p *poller) sampleInstance(ctx context.Context, handle protocols.Handler) error {
	element := p.elements()[0]
	instances, err := p.host.Instances.Waiting(ctx, element)
	if err != nil || len(instances) == 0 {
		return err
	}
	response, err := p.poll(ctx, instances[0].Variables)
	if err != nil {
		return err
	}
	_, err = handle(ctx, protocols.Event{Value: response, MessageID: messageID(element, instances[0].ElementInstanceKey)})
	return err
}

var _ protocols.Sampler = (*poller)(nil)
