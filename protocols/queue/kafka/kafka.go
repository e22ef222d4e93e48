package kafka

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"net/url"
	"slices"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/queue"
)

// Protocol describes the protocol "kafka".
func Protocol() protocols.Protocol {
	return queue.Broker{
		Name:         "kafka",
		Doc:          "Publishes to and receives from topics of Apache Kafka, with JSON, Avro and a schema registry.",
		JobTypes:     []string{"io.camunda:connector-kafka:1"},
		Input:        bind.New[Input],
		InboundTypes: []string{"io.camunda:connector-kafka-inbound:1"},
		Properties:   bind.New[Properties],
		Driver:       driver{},
		Response: []protocols.Named{
			{Name: "topic", Doc: "The topic."},
			{Name: "timestamp", Doc: "The message's time in milliseconds since 1970."},
			{Name: "offset", Doc: "Its offset in the partition."},
			{Name: "partition", Doc: "The partition that it is in."},
			{Name: "confirmed", Doc: "true; false with acks=0, when the broker confirms nothing."},
		},
		Codes: []protocols.Named{{Name: CodeFail, Doc: "The message could not be published. The variable kafkaError names Kafka's error, such as UNKNOWN_TOPIC_OR_PARTITION; SERIALIZATION and SCHEMA_REGISTRY stand for a value that does not suit its schema and for a registry that refuses."}},
		Event: []protocols.Named{
			{Name: "key", Doc: "The key: JSON where it can be read as such, else text; null without one."},
			{Name: "rawValue", Doc: "The value as text; null for Avro."},
			{Name: "value", Doc: "The value: JSON where it can be read as such, else text."},
			{Name: "headers", Doc: "An object of texts, the last of a name; absent if there are none."},
			{Name: "topic", Doc: "The topic."},
			{Name: "partition", Doc: "The partition."},
			{Name: "offset", Doc: "The offset in the partition."},
			{Name: "timestamp", Doc: "The message's time in milliseconds since 1970."},
		},
	}.Protocol()
}

// driver is the queue.Driver.
type driver struct{}

// Publication implements queue.Driver.
func (driver) Publication(ctx context.Context, h protocols.Host, input any) (queue.Publication, error) {
	in := input.(*Input)
	s, err := newSettings(in.cluster(), producerDefaults)
	if err != nil {
		return queue.Publication{}, err
	}
	c, err := newCodec(h, in.Strategy.with(former{in.Serialization, in.Avro}), s)
	if err != nil {
		return queue.Publication{}, err
	}
	m := queue.Message{Target: in.Topic.Name, Headers: headersOf(in.Headers)}
	if m.Key, err = keyOf(in.Message.Key); err != nil {
		return queue.Publication{}, &protocols.InputError{Path: "message.key", Message: err.Error(), Cause: err}
	}
	if m.Value, err = c.encode(ctx, in.Topic.Name, in.Message.Value); err != nil {
		return queue.Publication{}, err
	}
	return publication(h, s, m), nil
}

func publication(h protocols.Host, s *settings, m queue.Message) queue.Publication {
	return queue.Publication{Address: s.address(m.Target), Connection: s.digest(), Message: m,
		Connect: func(ctx context.Context) (queue.Producer, error) { return s.connect(ctx, h) }}
}

// address names a topic by the first of its brokers.
func (s *settings) address(topic string) *url.URL {
	return &url.URL{Scheme: "kafka", Host: s.servers[0], Path: "/" + topic}
}

// keyOf is text as it is, anything else as JSON; nil is no key.
func keyOf(key any) ([]byte, error) {
	if key == nil {
		return nil, nil
	}
	return queue.JSON(key)
}

func headersOf(given map[string]*string) (list []queue.Header) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		header := queue.Header{Name: name}
		if text := given[name]; text != nil {
			header.Value = []byte(*text)
		}
		list = append(list, header)
	}
	return list
}

// Subscription implements queue.Driver.
func (driver) Subscription(h protocols.InboundHost, properties any) (queue.Subscription, error) {
	h.Host = h.WithDefaults()
	p := properties.(*Properties)
	s, err := newSettings(p.cluster(), nil)
	if err != nil {
		return queue.Subscription{}, err
	}
	source := source{host: h, settings: s, topic: p.Topic.Name, reset: p.OffsetReset, lane: lanes[p.Ordering], inFlight: p.Terms.MaxInFlight, ordered: p.Ordering == orderPartition}
	if source.offsets, err = offsetsOf(p.Offsets); err != nil {
		return queue.Subscription{}, err
	}
	c, err := newCodec(h.Host, p.Strategy.with(former{p.Serialization, p.Avro}), s)
	if err != nil {
		return queue.Subscription{}, err
	}
	source.chooseGroup(p.Group)
	sub := queue.Subscription{Address: s.address(p.Topic.Name), Terms: p.Terms, Open: source.open,
		Decode: func(ctx context.Context, m queue.Message) (any, error) { return event(ctx, c, m) }}
	if target := p.Terms.DeadLetter; target != "" {
		sub.DeadLetter = deadLetter(h.Host, p.cluster(), target)
	}
	return sub, nil
}

// deadLetter publishes to another topic of the same brokers.
func deadLetter(h protocols.Host, at cluster, target string) func(context.Context, queue.Message) (queue.Publication, error) {
	return func(_ context.Context, m queue.Message) (queue.Publication, error) {
		s, err := newSettings(at, producerDefaults)
		if err != nil {
			return queue.Publication{}, err
		}
		m.Target = target
		return publication(h, s, m), nil
	}
}

// What is handled in order, as the property ordering names it.
const (
	orderPartition = "partition"
	orderKey       = "key"
	orderNone      = "none"
)

// lanes are the ways to find a message's lane, by the property ordering.
var lanes = map[string]func(partition int32, key []byte) uint64{
	orderPartition: func(partition int32, _ []byte) uint64 { return uint64(partition) + 1 },
	orderKey:       laneOfKey,
	orderNone:      func(int32, []byte) uint64 { return 0 },
}

var laneSeed = maphash.MakeSeed()

// laneOfKey gives messages without a key no lane.
func laneOfKey(partition int32, key []byte) uint64 {
	if key == nil {
		return 0
	}
	return (maphash.Bytes(laneSeed, key) ^ uint64(partition)*0x9e3779b97f4a7c15) | 1
}

// id identifies a record in its cluster.
func id(topic string, partition int32, offset int64) string {
	return fmt.Sprintf("%s-%d-%d", topic, partition, offset)
}
