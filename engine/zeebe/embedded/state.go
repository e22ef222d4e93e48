package embedded

// firstKey is where the keys of partition 1 begin in Zeebe.
const firstKey = int64(1) << 51

// state is everything the engine knows. It is only touched under the engine's lock.
type state struct {
	lastKey int64
	steps   stepQueue
	later   stepQueue // messages that were correlated: they arrive when everything else has come to rest, as in Zeebe
	timers  timerHeap

	definitions map[int64]*definition
	byProcessID map[string]*versions
	forms       map[string]*form
	changes     changeLog

	processes map[int64]*process  // active and remembered process instances
	active    int                 // how many of them are active
	finished  []*process          // oldest first
	elements  map[int64]*instance // active element instances
	incidents map[int64]*incident // open ones
	jobs      map[int64]*job
	jobTypes  map[string]*jobType

	messages messageStore
	signals  map[string]*signalSubs
}

func newState() state {
	return state{
		lastKey:     firstKey - 1,
		definitions: map[int64]*definition{},
		byProcessID: map[string]*versions{},
		forms:       map[string]*form{},
		changes:     newChangeLog(),
		processes:   map[int64]*process{},
		elements:    map[int64]*instance{},
		incidents:   map[int64]*incident{},
		jobs:        map[int64]*job{},
		jobTypes:    map[string]*jobType{},
		messages:    newMessageStore(),
		signals:     map[string]*signalSubs{},
	}
}

func (s *state) key() int64 {
	s.lastKey++
	return s.lastKey
}
