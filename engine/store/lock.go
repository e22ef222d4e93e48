package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Lock keeps a file's neighbour to one process: SQLite would let several
// write, but what they do besides (listeners, polling, documents) is not for
// two. It ends with Close, and with the process however that ends.
type Lock struct{ file *os.File }

// LockedError means that another process has the lock.
type LockedError struct {
	// Note is what that process has said of itself, or empty.
	Note string
}

// Error says who has it.
func (e *LockedError) Error() string {
	if e.Note == "" {
		return "another process uses it"
	}
	return "another process uses it: " + e.Note
}

// maxNote bounds what is read of a note, in bytes.
const maxNote = 4 << 10

// TakeLock takes the lock that a file stands for; the file and its folder are
// made if need be. The error is a *LockedError when another process has it.
// Where the system knows no such locks, everybody gets it.
func TakeLock(name string) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := tryLock(file); err != nil {
		note, _ := io.ReadAll(io.LimitReader(file, maxNote)) // it is only a help
		_ = file.Close()
		if errors.Is(err, errLocked) {
			return nil, &LockedError{Note: strings.TrimSpace(string(note))}
		}
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	l := &Lock{file}
	return l, l.Note("")
}

var errLocked = errors.New("locked")

// Note writes what others are to know of this process.
func (l *Lock) Note(text string) error {
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("note in the lock: %w", err)
	}
	if _, err := l.file.WriteAt([]byte(text), 0); err != nil {
		return fmt.Errorf("note in the lock: %w", err)
	}
	return nil
}

// Close ends the lock. Its file stays, empty.
func (l *Lock) Close() error { return errors.Join(l.Note(""), l.file.Close()) }
