package source

import "slices"

// snapshot is one complete answer of an API that was asked what is deployed.
type snapshot struct {
	latest  []item
	waiting []item // versions that instances wait in, latest ones may be among them
}

// item is one definition of an answer.
type item struct {
	Process
	key      int64
	version  int32
	resource string
}

const (
	// missingScans is how many answers in a row must lack a definition
	// until it counts as gone: indexes are written late, and an instance
	// that was started just before a new deployment shows up late too.
	missingScans = 3
	// suspiciousScans is the same for an answer that lacks more than half of
	// the processes: an index that is restored or being rebuilt.
	suspiciousScans = 12
)

// tracker turns snapshots into changes. It believes an answer that something is
// there at once, but that something is gone only after some answers in a row.
type tracker struct {
	known map[int64]*tracked
}

type tracked struct {
	item
	missing int
}

func newTracker() *tracker { return &tracker{known: map[int64]*tracked{}} }

// apply takes an answer and returns the processes that it changed, with their
// versions as items, oldest first.
func (t *tracker) apply(s snapshot) map[Process][]item {
	patience := missingScans
	if t.suspicious(s) {
		patience = suspiciousScans
	}
	changed := map[Process]bool{}
	seen := map[int64]bool{}
	for _, list := range [][]item{s.latest, s.waiting} {
		for _, i := range list {
			seen[i.key] = true
			if k := t.known[i.key]; k != nil {
				k.missing = 0
				continue
			}
			t.known[i.key] = &tracked{item: i}
			changed[i.Process] = true
		}
	}
	for key, k := range t.known {
		if seen[key] {
			continue
		}
		if k.missing++; k.missing >= patience {
			delete(t.known, key)
			changed[k.Process] = true
		}
	}
	return t.versions(changed)
}

// failed takes note that no answer came: what was missing before may have been
// missing for the same reason.
func (t *tracker) failed() {
	for _, k := range t.known {
		k.missing = 0
	}
}

// believe makes the next answer count at once also in what it lacks.
func (t *tracker) believe() {
	for _, k := range t.known {
		k.missing = suspiciousScans
	}
}

// suspicious reports whether an answer lacks more than half of the processes.
func (t *tracker) suspicious(s snapshot) bool {
	had := map[Process]bool{}
	for _, k := range t.known {
		had[k.Process] = true
	}
	n := len(had)
	for _, i := range s.latest {
		delete(had, i.Process)
	}
	return 2*len(had) > n
}

func (t *tracker) versions(changed map[Process]bool) map[Process][]item {
	out := map[Process][]item{}
	for p := range changed {
		out[p] = nil
	}
	for _, k := range t.known {
		if changed[k.Process] {
			out[k.Process] = append(out[k.Process], k.item)
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b item) int { return int(a.version) - int(b.version) })
	}
	return out
}
