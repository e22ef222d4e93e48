package webhook

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// load bounds what is in flight: requests and the memory of large bodies.
type load struct {
	requests, bytes         int64
	usedRequests, usedBytes atomic.Int64
}

// enter takes a place for a request, if there is one; leave gives it back.
func (l *load) enter() bool { return take(&l.usedRequests, 1, l.requests) }
func (l *load) leave()      { l.usedRequests.Add(-1) }

func take(used *atomic.Int64, n, most int64) bool {
	if used.Add(n) <= most {
		return true
	}
	used.Add(-n)
	return false
}

// smallBody is what a body may have without counting, in bytes.
const smallBody = 64 << 10

var (
	errTooLarge = errors.New("the body is too large")
	errBusy     = errors.New("too many large bodies at a time")
)

// payload is a request's body and what it takes of the load.
type payload struct {
	content []byte
	load    *load
	counted int64
}

// release gives back what the body took.
func (p *payload) release() {
	if p.counted > 0 {
		p.load.usedBytes.Add(-p.counted)
	}
}

// readBody reads a request's body. Its errors are errTooLarge, errBusy or
// what reading met, such as io.ErrUnexpectedEOF for a body that broke off.
func (l *load) readBody(w http.ResponseWriter, r *http.Request, limit int64) (p payload, err error) {
	p.load = l
	size := r.ContentLength
	if r.Body == nil || r.Body == http.NoBody || size == 0 {
		return p, nil
	}
	if size > limit {
		return p, errTooLarge
	}
	first := min(limit, smallBody)
	if size >= 0 {
		first = min(first, size)
	}
	defer limitTime(w)()
	reader := http.MaxBytesReader(w, r.Body, limit)
	p.content, err = readUpTo(reader, nil, first)
	if err != nil || int64(len(p.content)) < first || size == first {
		return p, readError(err)
	}
	err = p.readRest(reader, size, limit)
	return p, err
}

// bodyTime is how long a caller may take to send his body.
const bodyTime = 30 * time.Second

// limitTime bounds reading from the connection until the function that it
// returns is called. Deadlines of connections go by the system's clock. Where
// there is no connection, as in tests, there is no bound.
func limitTime(w http.ResponseWriter) (lift func()) {
	connection := http.NewResponseController(w)
	if connection.SetReadDeadline(time.Now().Add(bodyTime)) != nil {
		return func() {}
	}
	return func() { _ = connection.SetReadDeadline(time.Time{}) }
}

// readRest reads what is beyond a small body, whose size may be unknown (-1).
func (p *payload) readRest(r io.Reader, size, limit int64) error {
	most := size
	if size < 0 {
		most = limit
	}
	if most > smallBody {
		if !take(&p.load.usedBytes, most, p.load.bytes) {
			return errBusy
		}
		p.counted = most
	}
	var err error
	p.content, err = readUpTo(r, p.content, most+1)
	return readError(err)
}

// readUpTo appends to buf until it holds n bytes or r ends.
func readUpTo(r io.Reader, buf []byte, n int64) ([]byte, error) {
	if buf == nil {
		buf = make([]byte, 0, min(n, smallBody))
	}
	for int64(len(buf)) < n {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		read, err := r.Read(buf[len(buf):min(int64(cap(buf)), n)])
		buf = buf[:len(buf)+read]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
	return buf, nil
}

func readError(err error) error {
	if err == nil {
		return nil
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errTooLarge
	}
	return err
}
