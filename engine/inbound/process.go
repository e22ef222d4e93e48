package inbound

import (
	"context"
	"fmt"
	"slices"
	"time"

	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
)

// process is the desired state of one process and what became of it. One
// goroutine at a time works on it, and only while there is something to do.
type process struct {
	m    *Manager
	name source.Process

	// Guarded by Manager.mu.
	said    map[*feed][]source.Definition
	dirty   bool          // something was said that has not been acted upon
	busy    bool          // its goroutine runs
	waiting bool          // its goroutine waits to read a file again
	wake    chan struct{} // ends the wait

	// Of its goroutine alone.
	files       map[int64]*file
	executables map[string]*executable
}

// file is a definition's BPMN file once it has been looked at.
type file struct {
	elements []*element
	err      error // of the last try to read it
}

func newProcess(m *Manager, name source.Process) *process {
	return &process{m: m, name: name, said: map[*feed][]source.Definition{}, wake: make(chan struct{}, 1),
		files: map[int64]*file{}, executables: map[string]*executable{}}
}

// touch makes the process be looked at; m.mu is held.
func (p *process) touch() {
	p.dirty = true
	if !p.busy {
		p.busy = true
		p.m.working.Go(p.settle)
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// settle brings executables in line with what was said, until nothing new has
// been. Files that cannot be read are tried again, for ever.
func (p *process) settle() {
	failures := 0
	for {
		definitions, more := p.next()
		if !more {
			return
		}
		ok := p.load(definitions)
		if p.m.life.Err() != nil {
			p.leave()
			return
		}
		p.apply(p.groups(definitions))
		if ok {
			failures = 0
			continue
		}
		p.retryLater(backoff(failures))
		failures++
	}
}

// next takes what is to be done, or ends the goroutine.
func (p *process) next() (definitions []source.Definition, more bool) {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	if !p.dirty || p.m.closing {
		p.busy = false
		if len(p.executables) == 0 && len(p.union()) == 0 {
			delete(p.m.processes, p.name)
		}
		return nil, false
	}
	p.dirty = false
	return p.union(), true
}

func (p *process) leave() {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	p.busy = false
}

// union is what all sources together say; m.mu is held.
func (p *process) union() []source.Definition {
	var list []source.Definition
	known := map[int64]bool{}
	for _, f := range p.m.feeds {
		for _, d := range p.said[f] {
			if !known[d.Key] {
				known[d.Key] = true
				list = append(list, d)
			}
		}
	}
	slices.SortFunc(list, func(a, b source.Definition) int {
		if a.Version != b.Version {
			return int(a.Version) - int(b.Version)
		}
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	for i := range list {
		list[i].Latest = i == len(list)-1
	}
	return list
}

// retryLater waits, or until something new is said.
func (p *process) retryLater(d time.Duration) {
	p.setWaiting(true)
	select {
	case <-p.m.life.Done():
	case <-p.wake:
	case <-time.After(d):
	}
	p.setWaiting(false)
}

func (p *process) setWaiting(waiting bool) {
	p.m.mu.Lock()
	defer p.m.mu.Unlock()
	p.waiting = waiting
	if !waiting {
		p.dirty = true
	}
}

// load reads the files that have not been read yet, and reports whether all
// could be. A file that cannot be does not keep the others from being used.
func (p *process) load(definitions []source.Definition) bool {
	current := map[int64]bool{}
	ok := true
	for _, d := range definitions {
		current[d.Key] = true
		if f := p.files[d.Key]; f == nil || f.err != nil {
			p.files[d.Key] = p.read(d)
			ok = ok && p.files[d.Key].err == nil
		}
	}
	for key := range p.files {
		if !current[key] {
			delete(p.files, key)
		}
	}
	return ok
}

const readTimeout = time.Minute

func (p *process) read(d source.Definition) *file {
	select {
	case p.m.loading <- struct{}{}:
		defer func() { <-p.m.loading }()
	case <-p.m.life.Done():
		return &file{err: p.m.life.Err()}
	}
	ctx, cancel := context.WithTimeout(p.m.life, readTimeout)
	defer cancel()
	xml, err := d.XML(ctx)
	if err != nil {
		return &file{err: fmt.Errorf("read the process definition: %w", err)}
	}
	elements, err := p.m.finder.find(p.name, d, xml)
	if err != nil {
		// The file of a key never changes: there is no sense in reading it
		// again, but it has to be seen.
		return &file{elements: []*element{p.broken(d, fmt.Errorf("process definition: %w", err))}}
	}
	return &file{elements: elements}
}

// broken stands for a whole definition whose elements are not known.
func (p *process) broken(d source.Definition, err error) *element {
	return &element{err: err, instance: true, ElementRef: protocols.ElementRef{
		BpmnProcessID: p.name.ID, TenantID: p.name.TenantID, Version: d.Version, ProcessDefinitionKey: d.Key, ElementID: p.name.ID, ElementType: "process"}}
}

// groups sorts the elements that count: all of the latest version, and of older
// ones those where instances wait.
func (p *process) groups(definitions []source.Definition) map[string]*group {
	var elements []*element
	for _, d := range definitions {
		f := p.files[d.Key]
		if f.err != nil {
			elements = append(elements, p.broken(d, f.err))
			continue
		}
		for _, e := range f.elements {
			if d.Latest || e.instance {
				elements = append(elements, e)
			}
		}
	}
	return groupElements(elements, p.m.scopeOf)
}

// apply changes the executables that stay, begins new ones and ends those that
// are not wanted any more.
func (p *process) apply(groups map[string]*group) {
	shared, before := p.unwanted(groups)
	var fresh []*executable
	for id, g := range groups {
		if x := p.executables[id]; x != nil {
			x.take(g)
			continue
		}
		fresh = append(fresh, p.add(id, g, before))
	}
	if len(shared) > 0 {
		p.m.working.Go(func() { p.handOver(shared, fresh) })
	}
}

// unwanted takes out the executables that are in no group. Those that act by
// themselves are ended at once, and their successors have to wait for their
// end; the others are returned.
func (p *process) unwanted(groups map[string]*group) (shared []*executable, before <-chan struct{}) {
	var ends []<-chan struct{}
	for id, x := range p.executables {
		if groups[id] != nil {
			continue
		}
		delete(p.executables, id)
		if protocol, _ := p.m.protocol(x.group.Load().lead()); !protocol.Exclusive {
			shared = append(shared, x)
		} else if done := p.remove(x); done != nil {
			ends = append(ends, done)
		}
	}
	return shared, allOf(ends)
}

// allOf ends with the last of the ends; nil if there are none.
func allOf(ends []<-chan struct{}) <-chan struct{} {
	if len(ends) == 0 {
		return nil
	}
	all := make(chan struct{})
	go func() { // listeners end by themselves, so it does
		defer close(all)
		for _, end := range ends {
			<-end
		}
	}()
	return all
}

// handOver ends executables once those that may come in their place listen or
// have failed, so that callers never meet a path that nobody serves.
func (p *process) handOver(old, fresh []*executable) {
	limit := time.After(settleTime)
	for _, x := range fresh {
		select {
		case <-x.tried:
		case <-limit:
		case <-p.m.life.Done():
			return // Run ends all
		}
	}
	for _, x := range old {
		p.remove(x)
	}
}

func (p *process) add(id string, g *group, before <-chan struct{}) *executable {
	m := p.m
	m.mu.Lock()
	x := newExecutable(m, p.name, g, m.paused[id])
	m.executables[id] = x
	m.mu.Unlock()
	p.executables[id] = x
	x.begin(before)
	return x
}

// remove ends an executable and returns its listener's end. What it has taken
// is still handled, and then its activity is dropped, unless another one with
// its id has come.
func (p *process) remove(x *executable) (done <-chan struct{}) {
	p.m.forget(x)
	done = x.end()
	p.m.working.Go(func() {
		if done != nil {
			select {
			case <-done:
			case <-p.m.life.Done(): // Run waits for listeners itself
				return
			}
		}
		if p.m.forget(x) {
			p.m.keeper.purge(p.m.life, x.log)
		}
	})
	return done
}

// forget takes out an executable and reports whether there is none with its id
// now.
func (m *Manager) forget(x *executable) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.executables[x.id] == x {
		delete(m.executables, x.id)
	}
	return m.executables[x.id] == nil
}
