package gatewaytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// HandWritten is what one would write for one call, without templates: the
// yardstick for the connectors. It takes jobs of a type from a stream until ctx
// ends, with at most inFlight at once, sends the variables "method", "url" and
// "body" as an HTTP request with a JSON body, and completes the job with the
// answer as the variable "answer". What fails is left to the job's time-out.
func HandWritten(ctx context.Context, gateway, jobType string, inFlight int) error {
	conn, err := grpc.NewClient(gateway, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	w := &handWritten{pb.NewGatewayClient(conn), &http.Client{Timeout: 20 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: inFlight, IdleConnTimeout: time.Minute}}}
	defer w.http.CloseIdleConnections()
	stream, err := w.gateway.StreamActivatedJobs(ctx, &pb.StreamActivatedJobsRequest{Type: jobType, Worker: "hand", Timeout: 60_000})
	if err != nil {
		return err
	}
	slots := make(chan struct{}, inFlight)
	for {
		job, err := stream.Recv()
		if err != nil {
			return err
		}
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			_ = w.do(ctx, job)
		}()
	}
}

type handWritten struct {
	gateway pb.GatewayClient
	http    *http.Client
}

func (w *handWritten) do(ctx context.Context, job *pb.ActivatedJob) error {
	ctx, cancel := context.WithDeadline(ctx, time.UnixMilli(job.Deadline))
	defer cancel()
	var input struct {
		Method, URL string
		Body        json.RawMessage
	}
	if err := json.Unmarshal([]byte(job.Variables), &input); err != nil {
		return err
	}
	answer, err := w.call(ctx, input.Method, input.URL, input.Body)
	if err != nil {
		return err
	}
	variables, err := json.Marshal(map[string]any{"answer": answer})
	if err != nil {
		return err
	}
	_, err = w.gateway.CompleteJob(ctx, &pb.CompleteJobRequest{JobKey: job.Key, Variables: string(variables)})
	return err
}

func (w *handWritten) call(ctx context.Context, method, url string, body []byte) (answer any, err error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := w.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 10<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 400 {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	err = json.Unmarshal(text, &answer)
	return answer, err
}
