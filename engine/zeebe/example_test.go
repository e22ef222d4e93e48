package zeebe_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"

	"patchbay/engine"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/gatewaytest"
)

// Serve a job type, and another one later.
func ExampleWorkers() {
	ctx := context.Background()
	g := gatewaytest.New() // a real one: zeebe.OptionsFromEnv(os.LookupEnv, "")
	g.Start()
	defer g.Stop()
	c, err := zeebe.Dial(ctx, zeebe.Options{Plaintext: true, Dialer: g.Dial, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	handle := func(ctx context.Context, job engine.Job) engine.Outcome {
		return engine.Complete{Variables: []byte(`{"greeting":"hello"}`)}
	}
	workers := zeebe.NewWorkers(c, handle, zeebe.WorkerOptions{})
	workers.Add(zeebe.JobType{Name: "greet"})
	workers.Add(zeebe.JobType{Name: "com.example:own:1"})

	g.Offer(3, &pb.ActivatedJob{Type: "greet"})
	g.Offer(2, &pb.ActivatedJob{Type: "com.example:own:1"})
	<-g.Idle()
	fmt.Println(workers.Drain(ctx), g.Counts().Completed)
	// Output: <nil> 5
}
