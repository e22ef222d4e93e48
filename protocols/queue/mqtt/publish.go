package mqtt

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// publishTime bounds the wait for a confirmation.
const publishTime = 30 * time.Second

// The names of a message's properties, in events too.
const (
	propertyQoS             = "qos"
	propertyRetain          = "retain"
	propertyContentType     = "contentType"
	propertyCorrelationData = "correlationData"
	propertyResponseTopic   = "responseTopic"
	propertyExpiry          = "expirySeconds"
)

// Publication implements queue.Driver.
func (driver) Publication(_ context.Context, h protocols.Host, input any) (queue.Publication, error) {
	in := input.(*Input)
	a, err := newAccount(h, in.Servers, in.Version, in.ClientID, in.Authentication, in.ClientTLS)
	if err != nil {
		return queue.Publication{}, err
	}
	content, err := queue.JSON(in.Message.Value)
	if err != nil {
		return queue.Publication{}, &protocols.InputError{Path: "message.value", Message: err.Error(), Cause: err}
	}
	m := queue.Message{Target: in.Topic, Value: content, Properties: in.properties()}
	for _, name := range slices.Sorted(maps.Keys(in.Message.Headers)) {
		m.Headers = append(m.Headers, queue.Header{Name: name, Value: []byte(in.Message.Headers[name])})
	}
	return a.publication(m), nil
}

func (in *Input) properties() map[string]any {
	qos, _ := strconv.Atoi(in.QoS) // one of three digits
	out := map[string]any{propertyQoS: qos, propertyRetain: in.Retain}
	for name, text := range map[string]string{
		propertyContentType: in.Message.ContentType, propertyCorrelationData: in.Message.CorrelationData, propertyResponseTopic: in.Message.ResponseTopic,
	} {
		if text != "" {
			out[name] = text
		}
	}
	if in.Message.Expiry > 0 {
		out[propertyExpiry] = int(max(1, in.Message.Expiry/time.Second))
	}
	return out
}

func (a *account) publication(m queue.Message) queue.Publication {
	return queue.Publication{Address: a.address(m.Target), Connection: a.digest, Message: m, Connect: a.producer}
}

func (a *account) producer(ctx context.Context) (queue.Producer, error) {
	id := a.clientID
	if id == "" {
		id = freshID()
	}
	c, err := a.connect(ctx, settings{clientID: id})
	if err != nil {
		return nil, err
	}
	return producer{c}, nil
}

// producer is a queue.Producer.
type producer struct{ *client }

// Publish implements queue.Producer.
func (p producer) Publish(ctx context.Context, m queue.Message) (map[string]any, error) {
	if p.isEnded() {
		return nil, &protocols.Error{Code: queue.CodeConnection, Message: "the connection to the broker has ended", Temporary: true, Unsent: true, Cause: p.err}
	}
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	pk := outgoing(m)
	receipt := map[string]any{"topic": m.Target, propertyQoS: int(pk.FixedHeader.Qos), "confirmed": pk.FixedHeader.Qos > 0}
	reason, err := p.deliver(ctx, pk)
	if err != nil {
		return nil, publishFailure(m.Target, err)
	}
	if pk.FixedHeader.Qos > 0 {
		receipt["reasonCode"] = int(reason)
	}
	return receipt, nil
}

func (p producer) deliver(ctx context.Context, pk packets.Packet) (reason byte, err error) {
	if err := p.forbidden(pk.FixedHeader); err != nil {
		return 0, err
	}
	if pk.FixedHeader.Qos == 0 {
		return 0, p.send(pk)
	}
	answer, err := p.ask(ctx, pk)
	if err != nil {
		return 0, err
	}
	return answer.ReasonCode, refused(answer)
}

// forbidden refuses what the broker would end the connection for.
func (p producer) forbidden(h packets.FixedHeader) error {
	switch able := &p.greeting.Properties; {
	case able.MaximumQosFlag && h.Qos > able.MaximumQos:
		return refusal{code: 0x9B}
	case able.RetainAvailableFlag && able.RetainAvailable == 0 && h.Retain:
		return refusal{code: 0x9A}
	}
	return nil
}

// Close implements queue.Producer.
func (p producer) Close() error {
	p.close()
	return nil
}

// outgoing is a message as a packet.
func outgoing(m queue.Message) packets.Packet {
	qos, _ := m.Properties[propertyQoS].(int)
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: byte(qos)}, TopicName: m.Target, Payload: m.Value}
	pk.FixedHeader.Retain, _ = m.Properties[propertyRetain].(bool)
	p := &pk.Properties
	p.ContentType, _ = m.Properties[propertyContentType].(string)
	p.ResponseTopic, _ = m.Properties[propertyResponseTopic].(string)
	if data, ok := m.Properties[propertyCorrelationData].(string); ok {
		p.CorrelationData = []byte(data)
	}
	if seconds, ok := m.Properties[propertyExpiry].(int); ok {
		p.MessageExpiryInterval = uint32(seconds)
	}
	for _, h := range m.Headers {
		p.User = append(p.User, packets.UserProperty{Key: h.Name, Val: string(h.Value)})
	}
	return pk
}

// incoming is a packet as a message. Its properties are those that an event shows.
func incoming(pk packets.Packet) queue.Message {
	m := queue.Message{Target: pk.TopicName, Value: pk.Payload, Properties: map[string]any{propertyQoS: int(pk.FixedHeader.Qos), propertyRetain: pk.FixedHeader.Retain}}
	for name, text := range map[string]string{propertyContentType: pk.Properties.ContentType, propertyResponseTopic: pk.Properties.ResponseTopic} {
		if text != "" {
			m.Properties[name] = text
		}
	}
	if data := pk.Properties.CorrelationData; len(data) > 0 {
		m.Properties[propertyCorrelationData] = queue.Text(data)
	}
	for _, u := range pk.Properties.User {
		m.Headers = append(m.Headers, queue.Header{Name: u.Key, Value: []byte(u.Val)})
	}
	return m
}
