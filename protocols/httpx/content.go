package httpx

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
)

// AcceptEncoding is what requests send by default: the content encodings that
// answers are decoded from.
const AcceptEncoding = "gzip, deflate, br"

// maxEncodings bounds how often an answer may be compressed one over another.
const maxEncodings = 3

// firstBuffer is what is set aside for an answer before any of it has come,
// whatever length it claims.
const firstBuffer = 64 << 10

// tooLargeError is an answer over the limit.
type tooLargeError struct{ limit int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the response body is larger than the limit of %d bytes", e.limit)
}

// readError is an answer that broke off or could not be decoded.
type readError struct{ cause error }

func (e *readError) Error() string { return "Failed to read response body: " + e.cause.Error() }
func (e *readError) Unwrap() error { return e.cause }

// readAll reads and closes an answer's body. The limit holds before and after
// decoding. A decoded answer loses the headers that described the encoded one.
func (c *Client) readAll(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	if resp.Body == http.NoBody {
		return nil, nil // whatever length the headers tell, as after HEAD
	}
	limit := c.limits.ResponseBody
	encodings := encodingsOf(resp)
	if len(encodings) == 0 {
		return readLimited(resp.Body, limit, resp.ContentLength)
	}
	var body io.Reader = &limitedReader{r: resp.Body, left: limit, limit: limit}
	first := bufio.NewReader(body)
	if _, err := first.Peek(1); err == io.EOF {
		return nil, nil
	}
	content, err := c.decode(first, encodings)
	if err == nil {
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength = -1
	}
	return content, err
}

// decode reads a body through its encodings, the last one first.
func (c *Client) decode(body io.Reader, encodings []string) ([]byte, error) {
	for _, encoding := range slices.Backward(encodings) {
		var err error
		switch encoding {
		case "br":
			body = brotli.NewReader(body)
		case "deflate":
			body, err = inflate(body)
		default:
			var z *gzip.Reader
			if z, err = c.gunzip(body); err == nil {
				defer c.gzips.Put(z)
			}
			body = z
		}
		if err != nil {
			return nil, &readError{err}
		}
	}
	return readLimited(body, c.limits.ResponseBody, -1)
}

// gunzip returns a reader from the pool: each has 40 KB of tables.
func (c *Client) gunzip(body io.Reader) (*gzip.Reader, error) {
	if z, ok := c.gzips.Get().(*gzip.Reader); ok {
		return z, z.Reset(body)
	}
	return gzip.NewReader(body)
}

// encodingsOf returns the encodings of an answer as long as all of them are
// known; others leave the body as it is.
func encodingsOf(resp *http.Response) []string {
	header := resp.Header["Content-Encoding"]
	if len(header) == 0 {
		return nil
	}
	var encodings []string
	for name := range strings.SplitSeq(strings.Join(header, ","), ",") {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "", "identity":
		case "gzip", "x-gzip", "deflate", "br":
			encodings = append(encodings, name)
		default:
			return nil
		}
	}
	if len(encodings) > maxEncodings {
		return nil
	}
	return encodings
}

// inflate reads deflate as RFC 9110 means it, in zlib's format, and as some
// servers send it, bare.
func inflate(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	if err == nil && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

// readLimited reads up to the limit; size is the length to expect, or -1.
func readLimited(r io.Reader, limit, size int64) ([]byte, error) {
	if size > limit {
		return nil, &tooLargeError{limit}
	}
	if size == 0 {
		return nil, nil
	}
	if size < 0 {
		size = 512
	}
	buf := make([]byte, 0, min(size+1, firstBuffer)) // one more to see the end
	for {
		if len(buf) == cap(buf) {
			// Twice as much leaves less garbage than append does.
			buf = append(make([]byte, 0, min(2*int64(cap(buf)), limit+1)), buf...)
		}
		n, err := r.Read(buf[len(buf):min(int64(cap(buf)), limit+1)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return nil, &tooLargeError{limit}
		case err == io.EOF:
			return buf, nil
		case err != nil:
			var large *tooLargeError
			if errors.As(err, &large) {
				return nil, large
			}
			return nil, &readError{err}
		}
	}
}

// limitedReader fails with a tooLargeError once more than limit was read.
type limitedReader struct {
	r           io.Reader
	left, limit int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, &tooLargeError{l.limit}
	}
	return n, err
}
