package embedded

import (
	"context"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func (g *gateway) CompleteJob(_ context.Context, r *pb.CompleteJobRequest) (*pb.CompleteJobResponse, error) {
	vars, err := document(r.Variables)
	if err != nil {
		return nil, err
	}
	g.e.do(func() { err = g.e.completeJob(r.JobKey, vars) })
	return &pb.CompleteJobResponse{}, err
}

func (g *gateway) FailJob(_ context.Context, r *pb.FailJobRequest) (*pb.FailJobResponse, error) {
	vars, err := document(r.Variables)
	if err != nil {
		return nil, err
	}
	g.e.do(func() { err = g.e.failJob(r.JobKey, r.Retries, r.RetryBackOff, r.ErrorMessage, vars) })
	return &pb.FailJobResponse{}, err
}

func (g *gateway) ThrowError(_ context.Context, r *pb.ThrowErrorRequest) (*pb.ThrowErrorResponse, error) {
	vars, err := document(r.Variables)
	if err != nil {
		return nil, err
	}
	g.e.do(func() { err = g.e.throwJobError(r.JobKey, r.ErrorCode, r.ErrorMessage, vars) })
	return &pb.ThrowErrorResponse{}, err
}

func (g *gateway) UpdateJobRetries(_ context.Context, r *pb.UpdateJobRetriesRequest) (*pb.UpdateJobRetriesResponse, error) {
	var err error
	g.e.do(func() { err = g.e.updateRetries(r.JobKey, r.Retries) })
	return &pb.UpdateJobRetriesResponse{}, err
}

func (g *gateway) UpdateJobTimeout(_ context.Context, r *pb.UpdateJobTimeoutRequest) (*pb.UpdateJobTimeoutResponse, error) {
	var err error
	g.e.do(func() { err = g.e.updateTimeout(r.JobKey, r.Timeout) })
	return &pb.UpdateJobTimeoutResponse{}, err
}

// checkActivation refuses requests for jobs that say too little.
func checkActivation(kind string, timeout int64, maxJobs int32) error {
	const want = "Expected to activate job batch with "
	switch {
	case blank(kind):
		return invalidArgument("ACTIVATE", want+"type to be present, but it was blank")
	case timeout < 1:
		return invalidArgument("ACTIVATE", want+"timeout to be greater than zero, but it was '%d'", timeout)
	case maxJobs < 1:
		return invalidArgument("ACTIVATE", want+"max jobs to activate to be greater than zero, but it was '%d'", maxJobs)
	}
	return nil
}

func (g *gateway) ActivateJobs(r *pb.ActivateJobsRequest, stream pb.Gateway_ActivateJobsServer) error {
	if err := tenant(r.TenantIds...); err != nil {
		return err
	}
	if err := checkActivation(r.Type, r.Timeout, r.MaxJobsToActivate); err != nil {
		return err
	}
	w := worker{r.Worker, r.Timeout, r.FetchVariable}
	got, waiting := g.e.poll(r.Type, w, int(r.MaxJobsToActivate), r.RequestTimeout >= 0)
	if waiting != nil {
		got = g.await(stream.Context(), r, waiting)
	}
	if len(got) == 0 {
		return nil
	}
	return g.send(stream, got)
}

func (g *gateway) send(stream pb.Gateway_ActivateJobsServer, got []activation) error {
	response := &pb.ActivateJobsResponse{Jobs: make([]*pb.ActivatedJob, len(got))}
	for i, a := range got {
		response.Jobs[i] = a.message
	}
	err := stream.Context().Err()
	if err == nil {
		err = stream.Send(response)
	}
	if err != nil {
		g.e.giveBack(got)
		return status.FromContextError(err).Err()
	}
	return nil
}

// poll takes jobs; when there are none and the request may wait, it is put into the line.
func (e *Engine) poll(kind string, w worker, limit int, wait bool) (got []activation, waiting *poll) {
	e.do(func() {
		got = e.takeJobs(kind, w, limit)
		if len(got) == 0 && wait {
			waiting = &poll{worker: w, got: make(chan []activation, 1)}
			t := e.jobType(kind)
			t.polls = append(t.polls, waiting)
		}
	})
	return got, waiting
}

// await waits for the answer of a poll until the request's time is over. Then the stream just closes, as in Zeebe.
func (g *gateway) await(ctx context.Context, r *pb.ActivateJobsRequest, p *poll) []activation {
	limit := defaultPollTimeout
	if r.RequestTimeout > 0 {
		limit = time.Duration(min(r.RequestTimeout, int64(24*time.Hour/time.Millisecond))) * time.Millisecond
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case got := <-p.got:
		return got
	case <-timer.C:
	case <-ctx.Done():
	case <-g.e.stopped.Done():
	}
	g.e.do(func() {
		t := g.e.jobType(r.Type)
		t.polls = without(t.polls, p)
		g.e.release(t)
	})
	select {
	case got := <-p.got: // came in the meantime; sending it fails when the client has gone, which gives it back
		return got
	default:
		return nil
	}
}

func (g *gateway) StreamActivatedJobs(r *pb.StreamActivatedJobsRequest, stream pb.Gateway_StreamActivatedJobsServer) error {
	if err := tenant(r.TenantIds...); err != nil {
		return err
	}
	if err := checkActivation(r.Type, r.Timeout, 1); err != nil {
		return err
	}
	s := &jobStream{worker: worker{r.Worker, r.Timeout, r.FetchVariable}, jobs: make(chan activation, streamBuffer)}
	g.e.openStream(r.Type, s)
	var lost []activation
	defer func() { g.e.closeStream(r.Type, s, lost) }()
	if err := stream.SendHeader(nil); err != nil { // tells the client that from now on new jobs come here
		return err
	}
	for {
		select {
		case a := <-s.jobs:
			if stream.Context().Err() != nil || stream.Send(a.message) != nil {
				lost = append(lost, a)
				return nil
			}
			g.e.refill(r.Type, s)
		case <-stream.Context().Done():
			return nil
		case <-g.e.stopped.Done():
			return status.Error(codes.Unavailable, "the engine is shutting down")
		}
	}
}
