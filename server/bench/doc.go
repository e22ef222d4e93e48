// Package bench measures the whole product against its goals: `make bench` runs
// its benchmarks and those of single packages, and prints the table (see the
// command in folder table).
//
// A benchmark is one process with one thing in it to measure. What it talks to,
// the stub gateway, the target of calls and the senders of webhooks, runs in
// processes of its own, so CPU time and memory are those of the thing alone;
// all share two cores. Numbers of two benchmarks are compared only when they
// were taken in turn in one run of `make bench`.
//
// Workers are measured in turns, in short rounds, and compared round by round:
// what else a shared machine does takes tens of per cents. To profile them, with
// the servers in the test binary:
//
//	PATCHBAY_BENCH_PROFILE=/some/folder go test -run '^$' -bench Pipeline -benchtime 4000x ./server/bench
//
// To profile another:
//
//	go test -run '^$' -bench 'Webhook/patchbay' -benchtime 50000x -cpuprofile cpu.out ./server/bench
package bench
