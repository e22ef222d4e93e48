package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"patchbay/engine/zeebe/gatewaytest"
	"patchbay/server"
)

// TestMain also makes the test binary the other processes of a benchmark.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv(senderVariable) != "":
		serveSender()
		return
	case os.Getenv(brokerVariable) != "":
		serveBroker()
		return
	}
	if config := os.Getenv(workerVariable); config != "" {
		if err := serveWorker(config); err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(1)
		}
		return
	}
	gatewaytest.Main(m)
}

// startAgain starts the test binary as another process of the benchmark, which
// the variable tells what to be. It ends when its standard input does, with the
// benchmark.
func startAgain(b *testing.B, variable string) (stdin io.WriteCloser, stdout io.Reader) {
	b.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), variable+"=1")
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err = command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait()
	})
	return stdin, stdout
}

// serve runs the whole server, as `patchbay serve` does, until the benchmark
// ends. Its log goes nowhere but is made.
func serve(b *testing.B, config server.Config) *server.Server {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := newServer(ctx, b.TempDir(), config)
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	await(b, http.MethodGet, "http://"+s.Address()+"/readyz")
	return s
}

func newServer(ctx context.Context, data string, config server.Config) (*server.Server, error) {
	config.Listen, config.EngineListen = "127.0.0.1:0", "127.0.0.1:0"
	config.Data, config.AllowLoopback, config.SecretNames = data, true, "any"
	config.MaxJobs, config.JobTimeout, config.MessageTTL, config.Drain = 4*calls, 5*time.Minute, time.Hour, 5*time.Second
	s, err := server.New(ctx, config, slog.New(slog.NewTextHandler(discard{}, nil)))
	if err == nil {
		server.TuneCollector()
	}
	return s, err
}

// discard is not io.Discard, at which slog does nothing.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// patience is how long a benchmark waits for what should come at once.
const patience = 30 * time.Second

// await asks a URL until it answers 200.
func await(b *testing.B, method, url string) {
	b.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if answers(b, method, url) {
			return
		}
	}
	b.Fatalf("%s did not answer 200 within %v", url, patience)
}

func answers(b *testing.B, method, url string) bool {
	req, err := http.NewRequestWithContext(b.Context(), method, url, strings.NewReader("{}"))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// cpuTime is what this process has used so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// residentMB is a process's memory, 0 where the system does not tell.
func residentMB(pid int) float64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	var size, resident float64
	_, _ = fmt.Sscan(string(text), &size, &resident)
	return resident * float64(os.Getpagesize()) / (1 << 20)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
