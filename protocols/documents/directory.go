package documents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
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
	root   *os.Root
	limits Limits
	now    func() time.Time
	mu     sync.Mutex
	// used is the space that documents take, those that are being written
	// included.
	used int64
	// swept is when expired documents were removed last.
	swept time.Time
}

// Limits bound a store. A size of 0 means its default.
type Limits struct {
	// Document is the most that one document may hold, in bytes; 64 MiB by
	// default.
	Document int64
	// Total is the most that all documents together may take, in bytes, with
	// 4 KiB more for each; 10 GiB by default.
	Total int64
	// TTL is how long a document is kept that was stored without a time to
	// live of its own; 0 keeps it for ever.
	TTL time.Duration
}

func (l Limits) withDefaults() Limits {
	if l.Document == 0 {
		l.Document = 64 << 20
	}
	if l.Total == 0 {
		l.Total = 10 << 30
	}
	return l
}

const (
	directoryID = "directory"
	infoSuffix  = ".json"
	halfWritten = ".part"
	// sweepEvery is how long expired documents may stay on the disk, where
	// nobody finds them any more.
	sweepEvery = time.Hour
	// besides is what a document takes besides its content: its description,
	// and the blocks that two files do not fill.
	besides = 4 << 10
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
// the directory. now is time.Now but in tests. The caller closes it.
func OpenDirectory(path string, limits Limits, now func() time.Time) (*Directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("open document store: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open document store: %w", err)
	}
	d := &Directory{root: root, limits: limits.withDefaults(), now: now}
	if err := errors.Join(d.clean(), d.measure(), d.sweep()); err != nil {
		return nil, errors.Join(fmt.Errorf("open document store: %w", err), root.Close())
	}
	return d, nil
}

// Close ends the use of the store.
func (d *Directory) Close() error { return d.root.Close() }

// Create stores a document. A document is there once its description is, so a
// crash leaves no half of one. One that is too large is an
// *protocols.InputError; a store that is full may have room again later.
func (d *Directory) Create(ctx context.Context, info protocols.DocumentInfo, body io.Reader) (protocols.DocumentInfo, error) {
	if err := d.sweep(); err != nil {
		return info, fmt.Errorf("remove expired documents: %w", err)
	}
	info.StoreID, info.ID = directoryID, newID()
	if info.TTL <= 0 {
		info.TTL = d.limits.TTL
	}
	info.Expires = expiry(d.now(), info.TTL)
	in := &intake{ctx: ctx, r: body, store: d, hash: sha256.New()}
	if err := in.store.take(besides); err != nil {
		return info, err
	}
	err := d.write(info.ID, in)
	info.Size, info.Hash = in.size, hex.EncodeToString(in.hash.Sum(nil))
	if err == nil {
		if err = d.write(info.ID+infoSuffix, describe(info)); err != nil {
			err = errors.Join(err, d.root.Remove(info.ID))
		}
	}
	if err != nil {
		d.give(besides + in.size)
		return info, fmt.Errorf("store a document: %w", err)
	}
	return info, nil
}

// describe is the text of a document's description.
func describe(info protocols.DocumentInfo) io.Reader {
	text, _ := json.Marshal(description{info.Name, info.ContentType, info.Hash, info.Size, info.Expires}) // texts and numbers
	return bytes.NewReader(text)
}

// take sets space aside.
func (d *Directory) take(n int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.used+n > d.limits.Total {
		return fmt.Errorf("the document store is full: its documents take %d MiB of %d MiB (--document-space)", d.used>>20, d.limits.Total>>20)
	}
	d.used += n
	return nil
}

// give gives space back.
func (d *Directory) give(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used -= n
}

// intake is a document on its way into the store: it ends when its context does
// and when there is no room.
type intake struct {
	ctx   context.Context
	r     io.Reader
	store *Directory
	hash  hash.Hash
	size  int64
}

func (in *intake) Read(p []byte) (int, error) {
	if err := in.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := in.r.Read(p)
	if in.size+int64(n) > in.store.limits.Document {
		return 0, &protocols.InputError{Message: fmt.Sprintf("the document is larger than the limit of %d bytes", in.store.limits.Document)}
	}
	if full := in.store.take(int64(n)); full != nil {
		return 0, full
	}
	in.size += int64(n)
	in.hash.Write(p[:n])
	return n, err
}

// write writes a file under another name first.
func (d *Directory) write(name string, body io.Reader) error {
	f, err := d.root.OpenFile(name+halfWritten, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = d.root.Rename(name+halfWritten, name)
	}
	if err != nil {
		return errors.Join(err, d.root.Remove(name+halfWritten))
	}
	return nil
}

// Open finds a document.
func (d *Directory) Open(_ context.Context, storeID, id string) (io.ReadCloser, protocols.DocumentInfo, error) {
	if storeID != "" && storeID != directoryID || !validID(id) {
		return nil, protocols.DocumentInfo{}, notFound(id)
	}
	known, err := d.description(id)
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
		StoreID: directoryID, ID: id, Hash: known.Hash, Name: known.Name, ContentType: known.ContentType, Size: known.Size, Expires: known.Expires,
	}, nil
}

func (d *Directory) description(id string) (description, error) {
	var known description
	text, err := d.root.ReadFile(id + infoSuffix)
	if err != nil {
		return known, err
	}
	return known, json.Unmarshal(text, &known)
}

// clean removes what a crash left half-written: parts of files, and contents
// without a description.
func (d *Directory) clean() error {
	files, err := fs.ReadDir(d.root.FS(), ".")
	there := map[string]bool{}
	for _, f := range files {
		there[f.Name()] = true
	}
	for name := range there {
		if strings.HasSuffix(name, halfWritten) || validID(name) && !there[name+infoSuffix] {
			err = errors.Join(err, d.root.Remove(name))
		}
	}
	return err
}

// measure adds up what is there already.
func (d *Directory) measure() error {
	return d.each(func(_ string, known description) error {
		d.used += besides + known.Size
		return nil
	})
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
	return d.each(func(id string, known description) error {
		if !past(known.Expires, now) {
			return nil
		}
		d.used -= besides + known.Size
		return errors.Join(d.root.Remove(id+infoSuffix), d.root.Remove(id))
	})
}

// each calls do for every document that has a description.
func (d *Directory) each(do func(id string, known description) error) error {
	names, err := fs.Glob(d.root.FS(), "*"+infoSuffix)
	for _, name := range names {
		id := strings.TrimSuffix(name, infoSuffix)
		if known, failed := d.description(id); failed == nil {
			err = errors.Join(err, do(id, known))
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

var _ protocols.Documents = (*Directory)(nil)
