package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// build makes the binary as `make build` does.
func build(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "patchbay")
	command := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "patchbay")
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

// BenchmarkCommand is what starting the binary costs.
func BenchmarkCommand(b *testing.B) {
	binary := build(b)
	b.Run("run", func(b *testing.B) {
		const example = "../../examples/exchange-rate/"
		var took []time.Duration
		for range b.N {
			command := exec.Command(binary, "run", example+"process.bpmn", "--stub", example+"stub.json", "--vars", "@"+example+"vars.json")
			began := time.Now()
			out, err := command.CombinedOutput()
			took = append(took, time.Since(began))
			if err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
		}
		b.ReportMetric(milliseconds(median(took)), "median-ms")
	})
	b.Run("serve", func(b *testing.B) {
		var took []time.Duration
		var resident float64
		for range b.N {
			ready, memory := serveOnce(b, binary)
			took, resident = append(took, ready), max(resident, memory)
		}
		b.ReportMetric(milliseconds(median(took)), "median-ms")
		b.ReportMetric(resident, "rss-MB")
	})
}

// settle is how long a server does nothing before its memory is measured.
const settle = time.Second

// serveOnce starts a server and returns when it was ready, and its memory idle.
func serveOnce(b *testing.B, binary string) (ready time.Duration, resident float64) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	command := exec.CommandContext(ctx, binary, "serve", "--listen", "127.0.0.1:0", "--engine-listen", "127.0.0.1:0", "--data", b.TempDir())
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Env = append(os.Environ(), "ZEEBE_ADDRESS=", "CAMUNDA_CLIENT_GRPCADDRESS=")
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		cancel()
		_ = command.Wait()
	}()
	await(b, http.MethodGet, listening(b, bufio.NewScanner(out))+"/readyz")
	ready = time.Since(began)
	time.Sleep(settle)
	return ready, residentMB(command.Process.Pid)
}

// listening reads the address that a server prints.
func listening(b *testing.B, lines *bufio.Scanner) string {
	b.Helper()
	for lines.Scan() {
		if _, address, ok := strings.Cut(lines.Text(), "listens on "); ok {
			return address
		}
	}
	b.Fatal(fmt.Errorf("the server said no address: %w", lines.Err()))
	return ""
}
