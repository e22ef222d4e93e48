package server

import (
	"os"
	"runtime"
	"runtime/debug"
)

// gcPercent lets the heap grow to two and a half times of what is in use. Jobs
// and events leave much garbage and little that stays, about 5 MB: collecting it
// took an eighth of the CPU at full load, and takes a third less for 4 MB more.
const gcPercent = 150

// softLimit is how much memory there may be before garbage is collected more
// often than that. Answers of some megabytes leave ten times as much garbage; what
// is in use may take more.
const softLimit = 768 << 20

// TuneCollector sets the garbage collector for a process that serves, unless
// GOGC and GOMEMLIMIT in the environment do. Call it once, after New: what starting has used,
// above all migrations, would count as in use in the first collections, and the
// first load would take 30 MB more. What starting has left behind is as much as
// what stays, so it goes back to the system.
func TuneCollector() {
	runtime.GC() // what pools keep goes with the second, which FreeOSMemory makes
	debug.FreeOSMemory()
	forgetCode()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softLimit)
	}
}
