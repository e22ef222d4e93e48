package gatewaytest

import (
	"context"
	"strings"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// batch is a number of jobs with keys in a row that wait to be handed out.
type batch struct {
	of      *pb.ActivatedJob
	key     int64
	n       int
	retries int32
}

// lock is a job that was handed out.
type lock struct {
	of           *pb.ActivatedJob
	began, until time.Time
	retries      int32
}

// queue holds the jobs of one type: those to push, and those for polls.
type queue struct {
	push, backlog []batch
	streams       int
	changed       chan struct{}
	open          int
	idle          chan struct{}   // closed while none is open
	times         []time.Duration // from activation to completion, if they are kept
}

func (q *queue) opened(n int) {
	if q.open == 0 && n > 0 {
		q.idle = make(chan struct{})
	}
	q.open += n
}

func (q *queue) closed() {
	q.open--
	if q.open == 0 {
		close(q.idle)
	}
}

func (q *queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

func (q *queue) offer(b batch, push bool) {
	if push && q.streams > 0 {
		q.push = append(q.push, b)
	} else {
		q.backlog = append(q.backlog, b)
	}
	q.wake()
}

// pop takes one job off a list.
func pop(list *[]batch) (batch, bool) {
	if len(*list) == 0 {
		return batch{}, false
	}
	b := &(*list)[0]
	one := batch{b.of, b.key, 1, b.retries}
	b.key++
	b.n--
	if b.n == 0 {
		*list = (*list)[1:]
	}
	return one, true
}

// activate takes at most max jobs off a list and locks them. The lock is held.
func (g *Gateway) activate(list *[]batch, most int, worker string, timeout time.Duration, now time.Time) []*pb.ActivatedJob {
	var jobs []*pb.ActivatedJob
	until := now.Add(timeout)
	for len(jobs) < most {
		b, ok := pop(list)
		if !ok {
			break
		}
		g.locked[b.key] = lock{b.of, now, until, b.retries}
		g.counts.Activated++
		t := b.of
		jobs = append(jobs, &pb.ActivatedJob{Key: b.key, Type: t.Type, ProcessInstanceKey: t.ProcessInstanceKey, BpmnProcessId: t.BpmnProcessId,
			ProcessDefinitionVersion: t.ProcessDefinitionVersion, ProcessDefinitionKey: t.ProcessDefinitionKey, ElementId: t.ElementId,
			ElementInstanceKey: t.ElementInstanceKey, CustomHeaders: t.CustomHeaders, Worker: worker, Retries: b.retries,
			Deadline: until.UnixMilli(), Variables: t.Variables, TenantId: t.TenantId})
	}
	return jobs
}

// ActivateJobs answers a poll from the backlog.
func (g *Gateway) ActivateJobs(r *pb.ActivateJobsRequest, s pb.Gateway_ActivateJobsServer) error {
	wait := time.Duration(r.RequestTimeout) * time.Millisecond
	if r.RequestTimeout == 0 {
		wait = 10 * time.Second
	}
	end := time.Now().Add(wait)
	g.countPolls(r.Type, 1)
	defer g.countPolls(r.Type, -1)
	for {
		now := time.Now()
		g.mu.Lock()
		nextLock := g.expire(now)
		q := g.queue(r.Type)
		jobs := g.activate(&q.backlog, int(r.MaxJobsToActivate), r.Worker, time.Duration(r.Timeout)*time.Millisecond, now)
		changed := q.changed
		g.mu.Unlock()
		if len(jobs) > 0 {
			return s.Send(&pb.ActivateJobsResponse{Jobs: jobs})
		}
		left := end.Sub(now)
		if left <= 0 || g.NoLongPolling {
			return nil
		}
		if !wakeUp(s.Context(), changed, min(left, nextLock)) {
			return s.Context().Err()
		}
	}
}

func wakeUp(ctx context.Context, changed <-chan struct{}, after time.Duration) bool {
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return true
}

func (g *Gateway) countPolls(jobType string, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts.Polls += n
	g.queue(jobType).wake()
}

// countStreams also returns what was to be pushed to the backlog when the last
// stream has gone.
func (g *Gateway) countStreams(jobType string, n int) *queue {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts.Streams += n
	q := g.queue(jobType)
	q.streams += n
	if q.streams == 0 {
		q.backlog, q.push = append(q.backlog, q.push...), nil
	}
	q.wake()
	return q
}

// StreamActivatedJobs pushes jobs that are offered while it is open.
func (g *Gateway) StreamActivatedJobs(r *pb.StreamActivatedJobsRequest, s pb.Gateway_StreamActivatedJobsServer) error {
	if g.NoStreams {
		return status.Error(codes.Unimplemented, "Method not found: gateway_protocol.Gateway/StreamActivatedJobs")
	}
	q := g.countStreams(r.Type, 1)
	defer g.countStreams(r.Type, -1)
	for {
		g.mu.Lock()
		jobs := g.activate(&q.push, 32, r.Worker, time.Duration(r.Timeout)*time.Millisecond, time.Now())
		changed := q.changed
		g.mu.Unlock()
		for _, job := range jobs {
			if err := s.Send(job); err != nil {
				return err
			}
		}
		if len(jobs) == 0 && !wakeUp(s.Context(), changed, time.Hour) {
			return s.Context().Err()
		}
	}
}

// end takes a locked job out, or answers as Zeebe does for one that is unknown.
// The lock is held.
func (g *Gateway) end(verb string, key int64) (lock, error) {
	l, ok := g.locked[key]
	if !ok {
		g.counts.Unknown++
		return l, status.Errorf(codes.NotFound, "Command '%s' rejected with code 'NOT_FOUND': Expected to %s job with key '%d', but no such job was found",
			strings.ToUpper(verb), verb, key)
	}
	delete(g.locked, key)
	return l, nil
}

// CompleteJob ends a job.
func (g *Gateway) CompleteJob(_ context.Context, r *pb.CompleteJobRequest) (*pb.CompleteJobResponse, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, err := g.end("complete", r.JobKey)
	if err != nil {
		return nil, err
	}
	if g.KeepTimes {
		q := g.queue(l.of.Type)
		q.times = append(q.times, time.Since(l.began))
	}
	g.counts.Completed++
	g.close(l.of.Type)
	return &pb.CompleteJobResponse{}, nil
}

// ThrowError ends a job.
func (g *Gateway) ThrowError(_ context.Context, r *pb.ThrowErrorRequest) (*pb.ThrowErrorResponse, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, err := g.end("throw an error for", r.JobKey)
	if err != nil {
		return nil, err
	}
	g.counts.Thrown++
	g.close(l.of.Type)
	return &pb.ThrowErrorResponse{}, nil
}

// FailJob hands the job out again after its back-off, or ends it as an incident.
func (g *Gateway) FailJob(_ context.Context, r *pb.FailJobRequest) (*pb.FailJobResponse, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, err := g.end("fail", r.JobKey)
	if err != nil {
		return nil, err
	}
	g.counts.Failed++
	again := batch{l.of, r.JobKey, 1, r.Retries}
	switch {
	case r.Retries <= 0:
		g.counts.Incidents++
		g.close(l.of.Type)
	case r.RetryBackOff > 0:
		time.AfterFunc(time.Duration(r.RetryBackOff)*time.Millisecond, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.queue(l.of.Type).offer(again, !g.SilentStreams)
		})
	default:
		g.queue(l.of.Type).offer(again, !g.SilentStreams)
	}
	return &pb.FailJobResponse{}, nil
}

// UpdateJobTimeout moves the end of a job's lock.
func (g *Gateway) UpdateJobTimeout(_ context.Context, r *pb.UpdateJobTimeoutRequest) (*pb.UpdateJobTimeoutResponse, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, err := g.end("update the timeout of", r.JobKey)
	if err != nil {
		return nil, err
	}
	l.until = time.Now().Add(time.Duration(r.Timeout) * time.Millisecond)
	g.locked[r.JobKey] = l
	g.counts.Extended++
	return &pb.UpdateJobTimeoutResponse{}, nil
}

// PublishMessage counts a message.
func (g *Gateway) PublishMessage(context.Context, *pb.PublishMessageRequest) (*pb.PublishMessageResponse, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts.Published++
	g.nextKey++
	return &pb.PublishMessageResponse{Key: g.nextKey}, nil
}

// CreateProcessInstance counts an instance, of any process.
func (g *Gateway) CreateProcessInstance(_ context.Context, r *pb.CreateProcessInstanceRequest) (*pb.CreateProcessInstanceResponse, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts.Created++
	g.nextKey++
	return &pb.CreateProcessInstanceResponse{ProcessDefinitionKey: r.ProcessDefinitionKey, BpmnProcessId: r.BpmnProcessId, Version: max(1, r.Version),
		ProcessInstanceKey: g.nextKey, TenantId: r.TenantId}, nil
}

// Topology describes a cluster of one.
func (g *Gateway) Topology(context.Context, *pb.TopologyRequest) (*pb.TopologyResponse, error) {
	return &pb.TopologyResponse{ClusterSize: 1, PartitionsCount: 1, ReplicationFactor: 1, GatewayVersion: "stub",
		Brokers: []*pb.BrokerInfo{{Host: "127.0.0.1", Port: 26501, Version: "stub"}}}, nil
}

func (g *Gateway) beforeUnary(ctx context.Context, r any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := g.before(ctx, info.FullMethod, r); err != nil {
		return nil, err
	}
	return handle(ctx, r)
}

func (g *Gateway) beforeStream(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if err := g.before(s.Context(), info.FullMethod, nil); err != nil {
		return err
	}
	return handle(srv, s)
}

func (g *Gateway) before(ctx context.Context, method string, r any) error {
	if g.Before == nil {
		return nil
	}
	return g.Before(ctx, method[strings.LastIndex(method, "/")+1:], r)
}
