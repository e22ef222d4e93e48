package feel

// Limits bound what one evaluation may use, so that no expression hangs or exhausts the process. A zero field means the
// default. Going beyond any of them fails the evaluation with ErrLimit.
type Limits struct {
	Depth  int // nested function calls
	Steps  int // loop turns, function calls, items and bytes (64 for a step) of new lists and strings, and of one value
	List   int // items of one list
	String int // bytes of one string
}

// DefaultLimits lets an evaluation run for about a second and use a few hundred megabytes at the very worst.
var DefaultLimits = Limits{Depth: 200, Steps: 4_000_000, List: 1_000_000, String: 16 << 20}

const (
	maxSource   = 1 << 18 // bytes of an expression
	maxNesting  = 400     // nested expressions in the source
	maxWarnings = 200     // kept of one evaluation
	checkEvery  = 256     // steps between two looks at the context
)

func (l Limits) withDefaults() Limits {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&l.Depth, DefaultLimits.Depth)
	set(&l.Steps, DefaultLimits.Steps)
	set(&l.List, DefaultLimits.List)
	set(&l.String, DefaultLimits.String)
	return l
}

// step counts n steps and ends the evaluation when there were too many or its context is done.
func (f *frame) step(n int) {
	before := f.steps
	f.steps += n
	if f.steps > f.limits.Steps {
		panic(abort{errSteps})
	}
	if before/checkEvery != f.steps/checkEvery {
		if err := f.ctx.Err(); err != nil {
			panic(abort{err})
		}
	}
}

// list makes a list of items that were built during the evaluation.
func (f *frame) list(items []Value) Value {
	f.grow(len(items))
	return f.bounded(List(items...))
}

// bounded checks the weight of a value that was built during the evaluation.
func (f *frame) bounded(v Value) Value {
	if int(v.weight()) > f.limits.Steps {
		panic(abort{errWeight})
	}
	return v
}

// traverse counts a walk through all of a value.
func (f *frame) traverse(v Value) { f.step(int(v.weight()) / 8) }

// grow checks the length of a list that is about to be built.
func (f *frame) grow(n int) {
	if n > f.limits.List {
		panic(abort{errList})
	}
	f.step(n)
}

// string makes a string that was built during the evaluation.
func (f *frame) string(s string) Value {
	f.text(len(s))
	return String(s)
}

// text checks the length of a string that is about to be built.
func (f *frame) text(n int) {
	if n > f.limits.String {
		panic(abort{errString})
	}
	f.step(n / 64)
}

// enter counts a nested function call; the caller defers leave.
func (f *frame) enter() {
	if f.depth++; f.depth > f.limits.Depth {
		panic(abort{errDepth})
	}
	f.step(1)
}

func (f *frame) leave() { f.depth-- }
