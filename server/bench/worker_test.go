package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	"patchbay/engine/zeebe/gatewaytest"
	"patchbay/server"
)

const (
	workerVariable = "PATCHBAY_BENCH_WORKER"
	// profileVariable names a folder in which each worker writes profiles of
	// its CPU time and allocations.
	profileVariable = "PATCHBAY_BENCH_PROFILE"
	// javaVariable names the script that starts the Java runtime, if it is there.
	javaVariable = "PATCHBAY_BENCH_JAVA"
	// calls is how many calls a worker makes at once.
	calls = 100
	// warmUp is how many jobs a worker does before anything is measured.
	warmUp = 3000
)

// worker takes jobs of a type of its own, its name, and does one call each. It
// is a process, whose CPU time and memory are measured from outside.
type worker struct {
	Name, Headers, Gateway string
	// command makes the process.
	command func(b *testing.B, w *worker) *exec.Cmd
	pid     int
	warmUp  int // if it is more than all need
}

// endTime is how long a worker may take to end by itself.
const endTime = 5 * time.Second

// start starts the process; it ends with the benchmark.
func (w *worker) start(b *testing.B, gateway string) {
	b.Helper()
	w.Gateway = gateway
	command := w.command(b, w)
	stdin, err := command.StdinPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	w.pid = command.Process.Pid
	stopping, ended := make(chan struct{}), make(chan struct{})
	b.Cleanup(func() {
		close(stopping)
		_ = stdin.Close()
		_ = command.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(endTime):
			_ = command.Process.Kill() // the Java runtime waits for a gateway that is gone
			<-ended
		}
	})
	go func() {
		err := command.Wait()
		close(ended)
		select {
		case <-stopping:
		default:
			fmt.Fprintf(os.Stderr, "worker %s ended: %v\n", w.Name, err)
			os.Exit(1) // the gateway would wait for it for ever
		}
	}()
}

// measure gives the worker b.N jobs with the variables.
func (w *worker) measure(b *testing.B, remote *gatewaytest.Remote, variables string) {
	before := cpuTimeOf(b, w.pid)
	took := remote.Run(b, gatewaytest.Load{Type: w.Name, Jobs: b.N, Headers: w.Headers, Variables: variables})
	used := cpuTimeOf(b, w.pid) - before
	b.ReportMetric(float64(b.N)/took.All.Seconds(), "jobs/s")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/job")
	b.ReportMetric(float64(took.P50.Microseconds()), "p50-µs")
	b.ReportMetric(float64(took.P99.Microseconds()), "p99-µs")
	b.ReportMetric(residentMB(w.pid), "rss-MB")
}

// cpuTimeOf is what a process has used so far, to a hundredth of a second; see
// proc(5).
func cpuTimeOf(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		b.Fatalf("measure a process, which takes Linux: %v", err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func handWrittenWorker() *worker {
	return &worker{Name: "hand-written", Headers: "{}", command: func(b *testing.B, w *worker) *exec.Cmd { return itself(b, w) }}
}

// patchbay is `patchbay serve`, with jobs of these task headers. To be profiled
// it is part of the test binary.
func patchbay(name, headers, binary string) *worker {
	return &worker{Name: name, Headers: headers, command: func(b *testing.B, w *worker) *exec.Cmd {
		if os.Getenv(profileVariable) != "" {
			return itself(b, w)
		}
		command := exec.Command(binary, "serve", "--gateway", w.Gateway, "--listen", "127.0.0.1:0", "--data", b.TempDir(), "--allow-loopback",
			"--job-type", w.Name+"="+restType, "--max-jobs", strconv.Itoa(4*calls))
		command.Stdout, command.Stderr = io.Discard, io.Discard
		return command
	}}
}

// javaRuntime is Camunda's connector runtime, started by the script in folder java.
func javaRuntime(headers, script string) *worker {
	return &worker{Name: "java", Headers: headers, warmUp: 20_000, command: func(_ *testing.B, w *worker) *exec.Cmd {
		command := exec.Command(script, w.Gateway, w.Name)
		command.Stdout, command.Stderr = io.Discard, io.Discard
		return command
	}}
}

// itself runs the worker in another process of the test binary.
func itself(b *testing.B, w *worker) *exec.Cmd {
	config, err := json.Marshal(w)
	if err != nil {
		b.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), workerVariable+"="+string(config))
	command.Stderr = os.Stderr
	return command
}

// serveWorker is that process, until stdin ends.
func serveWorker(config string) error {
	var w worker
	if err := json.Unmarshal([]byte(config), &w); err != nil {
		return err
	}
	stop, err := profile(w.Name)
	if err != nil {
		return err
	}
	defer stop()
	signal.Ignore(os.Interrupt) // which those get that have no stdin to end
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if w.Name == handWrittenWorker().Name {
		_ = gatewaytest.HandWritten(ctx, w.Gateway, w.Name, calls) // ends with ctx's error
		return nil
	}
	folder, err := os.MkdirTemp("", "patchbay-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	s, err := newServer(ctx, folder, server.Config{Gateway: w.Gateway, JobType: map[string]string{w.Name: restType}})
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// profile returns what writes the profiles of this process, if they are wanted.
func profile(name string) (stop func(), err error) {
	folder := os.Getenv(profileVariable)
	if folder == "" {
		return func() {}, nil
	}
	cpu, err := os.Create(filepath.Join(folder, name+".cpu"))
	if err != nil {
		return nil, err
	}
	allocs, err := os.Create(filepath.Join(folder, name+".allocs"))
	if err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = pprof.Lookup("allocs").WriteTo(allocs, 0)
	}, pprof.StartCPUProfile(cpu)
}
