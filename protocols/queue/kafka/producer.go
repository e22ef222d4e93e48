package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// producerDefaults are those of Camunda's connector, in place of the client's.
var producerDefaults = map[string]string{
	"acks": "all", "linger.ms": "0", "compression.type": "none", "delivery.timeout.ms": "45000", "request.timeout.ms": "30000",
}

// mostBuffered bounds what a producer keeps that is not confirmed yet, in bytes.
const mostBuffered = 64 << 20

// client connects: it has reached a broker, and logged in there, when it
// returns.
func (s *settings) client(ctx context.Context, h protocols.Host, more ...kgo.Opt) (*kgo.Client, error) {
	secured, err := s.security.options(h)
	if err != nil {
		return nil, err
	}
	opts := []kgo.Opt{kgo.SeedBrokers(s.servers...), kgo.ClientID("patchbay"), kgo.DisableClientMetrics()}
	for _, list := range [][]kgo.Opt{s.common, secured, more} {
		opts = append(opts, list...)
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, &protocols.InputError{Path: inputAdditional, Message: err.Error(), Cause: err}
	}
	if err := cl.Ping(ctx); err != nil {
		cl.Close()
		return nil, unreachable(s.servers, err)
	}
	return cl, nil
}

// producer is a queue.Producer: a client that many jobs share. It connects again
// by itself.
type producer struct {
	client *kgo.Client
	// confirms is false when the author wants no confirmation (acks=0).
	confirms bool
	// transaction has one element while no transaction runs; nil without
	// transactions.
	transaction chan struct{}
}

// connect opens a producer.
func (s *settings) connect(ctx context.Context, h protocols.Host) (queue.Producer, error) {
	opts := append([]kgo.Opt{kgo.AllowAutoTopicCreation(), kgo.MaxBufferedBytes(mostBuffered)}, s.producing...)
	cl, err := s.client(ctx, h, opts...)
	if err != nil {
		if protocols.IsInputError(err) {
			return nil, err
		}
		e := failed(err)
		e.Unsent = true
		return nil, e
	}
	for _, note := range s.notes {
		h.Log.Info("a property of Kafka's Java client has no effect", "property", note)
	}
	p := &producer{client: cl, confirms: s.acks() != "0"}
	if s.given["transactional.id"] != "" {
		p.transaction = make(chan struct{}, 1)
		p.transaction <- struct{}{}
	}
	return p, nil
}

// Publish implements queue.Producer.
func (p *producer) Publish(ctx context.Context, m queue.Message) (map[string]any, error) {
	record := &kgo.Record{Topic: m.Target, Key: m.Key, Value: m.Value}
	for _, header := range m.Headers {
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: header.Name, Value: header.Value})
	}
	send := p.send
	if p.transaction != nil {
		send = p.transact
	}
	if err := send(ctx, record); err != nil {
		return nil, err
	}
	return map[string]any{
		"topic": record.Topic, "partition": int64(record.Partition), "offset": record.Offset, "timestamp": record.Timestamp.UnixMilli(), "confirmed": p.confirms,
	}, nil
}

// send waits until a record is confirmed. The record's own context never ends,
// because the client would fail others with it; delivery.timeout.ms bounds it.
func (p *producer) send(ctx context.Context, record *kgo.Record) error {
	done := make(chan error, 1)
	p.client.TryProduce(context.WithoutCancel(ctx), record, func(_ *kgo.Record, err error) { done <- err })
	select {
	case err := <-done:
		return refused(err)
	case <-ctx.Done():
		return failed(fmt.Errorf("no confirmation in time; the broker may have the message: %w", ctx.Err()))
	}
}

// refused is the error of a record that was not confirmed.
func refused(err error) error {
	if err == nil {
		return nil
	}
	e := failed(err)
	var known *kerr.Error
	e.Unsent = errors.As(err, &known) && known != kerr.RequestTimedOut && known != kerr.NotEnoughReplicasAfterAppend || errors.Is(err, kgo.ErrMaxBuffered)
	if errors.Is(err, kgo.ErrClientClosed) || fenced(err) {
		e.Unsent, e.Cause = true, errors.Join(queue.ErrDisconnected, err)
	}
	return e
}

// fenced reports whether another producer has taken over the transactional id:
// only a new client can go on.
func fenced(err error) bool {
	return errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch) || errors.Is(err, kerr.InvalidProducerIDMapping)
}

// endTime bounds the end of a transaction, which a job's end does not cut short.
const endTime = 30 * time.Second

// transact sends a record in a transaction of its own; they run one after the
// other.
func (p *producer) transact(ctx context.Context, record *kgo.Record) error {
	select {
	case <-p.transaction:
		defer func() { p.transaction <- struct{}{} }()
	case <-ctx.Done():
		e := failed(fmt.Errorf("another transaction runs: %w", ctx.Err()))
		e.Unsent = true
		return e
	}
	if err := p.client.BeginTransaction(); err != nil {
		e := lost(err)
		e.Unsent = true
		return e
	}
	err := p.send(ctx, record)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	if err == nil {
		if err = p.client.EndTransaction(end, kgo.TryCommit); err == nil {
			return nil
		}
		err = failed(fmt.Errorf("commit the transaction: %w", err))
	}
	if aborted := p.abort(end); aborted != nil {
		return lost(aborted)
	}
	return err
}

func (p *producer) abort(ctx context.Context) error {
	if err := p.client.AbortBufferedRecords(ctx); err != nil {
		return err
	}
	return p.client.EndTransaction(ctx, kgo.TryAbort)
}

// lost is the error of a producer that can begin no further transaction.
func lost(err error) *protocols.Error {
	e := failed(fmt.Errorf("transaction: %w", err))
	e.Cause = errors.Join(queue.ErrDisconnected, err)
	return e
}

// Close implements queue.Producer.
func (p *producer) Close() error {
	p.client.Close()
	return nil
}

var _ queue.Producer = (*producer)(nil)
