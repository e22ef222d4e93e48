package server

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to three times of what is in use. Jobs and
// events leave much garbage and little that stays, about 5 MB: collecting it
// took an eighth of the CPU at full load, and half of that for 7 MB more.
const gcPercent = 200

// TuneCollector sets the garbage collector for a process that serves, unless
// GOGC in the environment does. Call it once, before New.
func TuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
