package inbound

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// memory is a Store that ends with the process. The entries that executables
// hold are all the activity there is.
type memory struct {
	mu      sync.Mutex
	cursors map[string][]byte
	paused  map[string]bool
	started map[string]time.Time // until when, by event
	letters []DeadLetter         // by id
	last    int64                // id of a letter
}

func newMemory() *memory {
	return &memory{cursors: map[string][]byte{}, paused: map[string]bool{}, started: map[string]time.Time{}}
}

func (*memory) AppendActivity(context.Context, string, int, []Entry) error { return nil }

func (*memory) Activity(context.Context, string, int64, int) ([]Entry, error) { return nil, nil }

func (*memory) PurgeActivity(context.Context, string) error { return nil }

func (m *memory) SaveCursor(_ context.Context, executable string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cursors[executable] = slices.Clone(data)
	return nil
}

func (m *memory) Cursor(_ context.Context, executable string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[executable], nil
}

func (m *memory) SetPaused(_ context.Context, executable string, paused bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.paused[executable] = paused
	if !paused {
		delete(m.paused, executable)
	}
	return nil
}

func (m *memory) Paused(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.paused)), nil
}

func (m *memory) SaveStarted(_ context.Context, events map[string]time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.started, events)
	if beyond := len(m.started) - MostStarted; beyond > MostStarted {
		ends := slices.SortedFunc(maps.Values(m.started), time.Time.Compare)
		maps.DeleteFunc(m.started, func(_ string, end time.Time) bool { return end.Before(ends[beyond]) })
	}
	return nil
}

func (m *memory) Started(_ context.Context, event string, at time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.started[event].After(at), nil
}

func (m *memory) AddDeadLetter(_ context.Context, letter DeadLetter, most int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	count := 0
	for _, other := range m.letters {
		if other.Executable != letter.Executable {
			continue
		}
		if letter.MessageID != "" && other.MessageID == letter.MessageID {
			return nil
		}
		count++
	}
	if count >= most {
		return ErrFull
	}
	m.last++
	letter.ID = m.last
	m.letters = append(m.letters, letter)
	return nil
}

func (m *memory) DeadLetters(_ context.Context, after int64, limit int) ([]DeadLetter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, _ := slices.BinarySearchFunc(m.letters, after+1, byID)
	list := m.letters[from:]
	return slices.Clone(list[:min(limit, len(list))]), nil
}

func byID(letter DeadLetter, id int64) int { return cmp.Compare(letter.ID, id) }

// letter calls change with the place of a letter.
func (m *memory) letter(id int64, change func(at int)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, known := slices.BinarySearchFunc(m.letters, id, byID)
	if !known {
		return ErrUnknownLetter
	}
	change(at)
	return nil
}

func (m *memory) DeadLetter(_ context.Context, id int64) (letter DeadLetter, err error) {
	err = m.letter(id, func(at int) { letter = m.letters[at] })
	return letter, err
}

func (m *memory) SaveReplay(_ context.Context, letter DeadLetter) error {
	return m.letter(letter.ID, func(at int) { m.letters[at] = letter })
}

func (m *memory) DeleteDeadLetter(_ context.Context, id int64) error {
	return m.letter(id, func(at int) { m.letters = slices.Delete(m.letters, at, at+1) })
}

var _ Store = (*memory)(nil)
