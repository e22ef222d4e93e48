package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"patchbay/protocols"
)

// Directory is a document store in a directory: two files for each document,
// its content and, beside it, what is known about it.
type Directory struct {
	root *os.Root
	now  func() time.Time
	mu   sync.Mutex
	// swept is when expired documents were removed last.
	swept time.Time
}

const (
	directoryID = "directory"
	infoSuffix  = ".json"
	halfWritten = ".part"
	// sweepEvery is how long expired documents may stay on the disk, where
	// nobody finds them any more.
	sweepEvery = time.Hour
)

// description is the file beside a document.
type description struct {
	Name        string    `json:"name,omitempty"`
	ContentType string    `json:"contentType,omitempty"`
	Hash        string    `json:"hash"`
	Size        int64     `json:"size"`
	Expires     time.Time `json:"expires,omitzero"`
}

// OpenDirectory opens a store in a directory, which it makes if it is not
// there, and removes what a crash left half-written. No other process may use
// the directory. now is time.Now but in
// tests. The caller closes it.
func OpenDirectory(path string, now func() time.Time) (*Directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("open document store: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open document store: %w", err)
	}
	d := &Directory{root: root, now: now}
	if err := errors.Join(d.clean(), d.sweep()); err != nil {
		return nil, errors.Join(fmt.Errorf("open document store: %w", err), root.Close())
	}
	return d, nil
}

// Close ends the use of the store.
func (d *Directory) Close() error { return d.root.Close() }

// Create stores a document. A document is there once its description is, so a
// crash leaves no half of one.
func (d *Directory) Create(ctx context.Context, info protocols.DocumentInfo, body io.Reader) (protocols.DocumentInfo, error) {
	if err := d.sweep(); err != nil {
		return info, fmt.Errorf("remove expired documents: %w", err)
	}
	info.StoreID, info.ID = directoryID, newID()
	hash := sha256.New()
	size, err := d.write(info.ID, io.TeeReader(&cancellable{ctx, body}, hash))
	if err != nil {
		return info, fmt.Errorf("store a document: %w", err)
	}
	info.Size, info.Hash = size, hex.EncodeToString(hash.Sum(nil))
	text, err := json.Marshal(description{info.Name, info.ContentType, info.Hash, size, expiry(d.now(), info.TTL)})
	if err == nil {
		_, err = d.write(info.ID+infoSuffix, strings.NewReader(string(text)))
	}
	if err != nil {
		return info, errors.Join(fmt.Errorf("store a document: %w", err), d.root.Remove(info.ID))
	}
	return info, nil
}

// write writes a file under another name first.
func (d *Directory) write(name string, body io.Reader) (int64, error) {
	f, err := d.root.OpenFile(name+halfWritten, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, body)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = d.root.Rename(name+halfWritten, name)
	}
	if err != nil {
		return n, errors.Join(err, d.root.Remove(name+halfWritten))
	}
	return n, nil
}

// Open finds a document.
func (d *Directory) Open(_ context.Context, storeID, id string) (io.ReadCloser, protocols.DocumentInfo, error) {
	if storeID != "" && storeID != directoryID || !validID(id) {
		return nil, protocols.DocumentInfo{}, notFound(id)
	}
	known, err := d.describe(id)
	if errors.Is(err, fs.ErrNotExist) || err == nil && past(known.Expires, d.now()) {
		return nil, protocols.DocumentInfo{}, notFound(id)
	}
	if err != nil {
		return nil, protocols.DocumentInfo{}, fmt.Errorf("open document %q: %w", id, err)
	}
	f, err := d.root.Open(id)
	if err != nil {
		return nil, protocols.DocumentInfo{}, fmt.Errorf("open document %q: %w", id, err)
	}
	return f, protocols.DocumentInfo{
		StoreID: directoryID, ID: id, Hash: known.Hash, Name: known.Name, ContentType: known.ContentType, Size: known.Size,
	}, nil
}

func (d *Directory) describe(id string) (description, error) {
	var known description
	text, err := d.root.ReadFile(id + infoSuffix)
	if err != nil {
		return known, err
	}
	return known, json.Unmarshal(text, &known)
}

// clean removes what a crash left half-written.
func (d *Directory) clean() error {
	names, err := fs.Glob(d.root.FS(), "*"+halfWritten)
	for _, name := range names {
		err = errors.Join(err, d.root.Remove(name))
	}
	return err
}

// sweep removes expired documents, now and then.
func (d *Directory) sweep() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if now.Sub(d.swept) < sweepEvery {
		return nil
	}
	d.swept = now
	names, err := fs.Glob(d.root.FS(), "*"+infoSuffix)
	for _, name := range names {
		id := strings.TrimSuffix(name, infoSuffix)
		if known, failed := d.describe(id); failed == nil && past(known.Expires, now) {
			err = errors.Join(err, d.root.Remove(name), d.root.Remove(id))
		}
	}
	return err
}

// validID reports whether an id can be one of this store: letters and digits.
func validID(id string) bool {
	for _, c := range []byte(id) {
		if !('A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return id != ""
}

// cancellable ends a copy when its context does.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

var _ protocols.Documents = (*Directory)(nil)
