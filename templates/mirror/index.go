package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"patchbay/templates"
)

// Limits of an index. Camunda's has 126 templates in 609 versions.
const (
	maxIndex    = 16 << 20 // bytes
	maxEntries  = 20_000
	maxTemplate = 4 << 20 // bytes
	perRequest  = 30 * time.Second
	atOnce      = 6 // as many as the Desktop Modeler
)

// Index is an index of the form of Camunda's marketplace: an object of lists
// [{"version", "ref", "engine"}] by template id, as the Desktop Modeler reads
// it. It keeps what it has seen, so a second Read asks for what is new.
type Index struct {
	// URL is the index's address.
	URL string
	// Client makes the requests. It decides which addresses may be reached:
	// those in the index are somebody else's.
	Client *http.Client
	// Engine is the version of Camunda whose templates are wanted; empty means
	// all.
	Engine string

	etag string
}

type entry struct {
	id      string
	Version *int64            `json:"version"`
	Ref     string            `json:"ref"`
	Engine  map[string]string `json:"engine"`
}

func (e entry) version() int64 {
	if e.Version == nil {
		return 0
	}
	return *e.Version
}

// Read implements Source.
func (x *Index) Read(ctx context.Context, known Known, yield func(Text) error) error {
	entries, etag, err := x.entries(ctx)
	if err != nil {
		return err
	}
	complete := true
	for part := range slices.Chunk(entries, atOnce) {
		for _, t := range x.fetch(ctx, known, part) {
			complete = complete && t.Err == nil
			if err := yield(t); err != nil {
				return err
			}
		}
	}
	if complete { // else what failed is asked for again
		x.etag = etag
	}
	return nil
}

// entries reads the index, the lower versions of a template first.
func (x *Index) entries(ctx context.Context) (list []entry, etag string, err error) {
	text, etag, err := x.get(ctx, x.URL, x.etag, maxIndex)
	if errors.Is(err, ErrUnchanged) {
		return nil, "", err
	}
	if err != nil {
		return nil, "", fmt.Errorf("read the index %s: %w", x.URL, err)
	}
	var index map[string][]entry
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, "", fmt.Errorf(`read the index %s: expected {"id": [{"version", "ref", "engine"}]}: %w`, x.URL, err)
	}
	for _, id := range slices.Sorted(maps.Keys(index)) {
		for _, e := range slices.Backward(index[id]) {
			if e.id = id; x.Engine == "" || templates.Satisfies(x.Engine, e.Engine["camunda"]) {
				list = append(list, e)
			}
		}
	}
	if len(list) > maxEntries {
		return nil, "", fmt.Errorf("read the index %s: it has %d templates, more than the %d that are allowed", x.URL, len(list), maxEntries)
	}
	return list, etag, nil
}

// fetch gets the texts of some entries at once, in their order.
func (x *Index) fetch(ctx context.Context, known Known, part []entry) []Text {
	texts := make([]Text, len(part))
	var wait sync.WaitGroup
	for i, e := range part {
		texts[i] = Text{From: e.Ref, ID: e.id, Version: e.version()}
		if texts[i].Present = known(ctx, e.id, e.version()); texts[i].Present {
			continue
		}
		wait.Go(func() { texts[i].Content, texts[i].Err = x.text(ctx, e.Ref) })
	}
	wait.Wait()
	return texts
}

// text gets a template; a relative address is one below the index's.
func (x *Index) text(ctx context.Context, ref string) ([]byte, error) {
	base, err := url.Parse(x.URL)
	if err != nil {
		return nil, err
	}
	u, err := base.Parse(ref)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no http or https address", ref)
	}
	text, _, err := x.get(ctx, u.String(), "", maxTemplate)
	return text, err
}

// get makes one request; etag is that of an answer which is known already.
func (x *Index) get(ctx context.Context, address, etag string, limit int64) (text []byte, newTag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, perRequest)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Accept", "application/json")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	resp, err := x.Client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, "", err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && etag != "":
		return nil, "", ErrUnchanged
	case resp.StatusCode != http.StatusOK:
		return nil, "", fmt.Errorf("the answer is %s", resp.Status)
	}
	if text, err = io.ReadAll(io.LimitReader(resp.Body, limit+1)); err != nil {
		return nil, "", err
	}
	if int64(len(text)) > limit {
		return nil, "", fmt.Errorf("the answer has more than %d MiB", limit>>20)
	}
	return text, resp.Header.Get("ETag"), nil
}

var _ Source = (*Index)(nil)
