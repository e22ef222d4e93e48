package source

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"patchbay/engine/bpmn"
)

// Folder watches a folder of BPMN files that somebody else deploys: every
// executable process in a *.bpmn file counts as deployed in its latest version.
// Instances are created of the latest version that the cluster has.
type Folder struct{ *poller }

// NewFolder returns a source of the *.bpmn files in a folder and its
// sub-folders. Polling.Interval is 1 s by default.
func NewFolder(path, tenantID string, p Polling) *Folder {
	if p.Interval <= 0 {
		p.Interval = time.Second
	}
	p = p.withDefaults()
	return &Folder{newPoller("folder "+path, p, &folder{path, tenantID, p.Log, map[string]folderFile{}}, false)}
}

// folder reads the files of one Folder.
type folder struct {
	path, tenant string
	log          *slog.Logger
	read         map[string]folderFile
}

// folderFile is what a file held when it was last changed.
type folderFile struct {
	stamp string
	items []item
}

// scan implements scanner. A file that cannot be read as BPMN, perhaps because
// it is being written, keeps what it held before.
func (f *folder) scan(ctx context.Context) (snapshot, error) {
	var s snapshot
	found := map[string]bool{}
	err := filepath.WalkDir(f.path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if e.IsDir() || !strings.EqualFold(filepath.Ext(path), ".bpmn") {
			return nil
		}
		found[path] = true
		s.latest = append(s.latest, f.file(path).items...)
		return nil
	})
	if err != nil {
		return snapshot{}, fmt.Errorf("read the folder %s: %w", f.path, err)
	}
	for path := range f.read {
		if !found[path] {
			delete(f.read, path)
		}
	}
	return s, nil
}

// file returns what a file holds, reading it when it has changed.
func (f *folder) file(path string) folderFile {
	known := f.read[path]
	info, err := os.Stat(path)
	if err != nil {
		return known
	}
	stamp := fmt.Sprint(info.ModTime().UnixNano(), info.Size())
	if stamp == known.stamp {
		return known
	}
	known.stamp = stamp
	if items, err := f.items(path); err != nil {
		f.log.Warn("file is no BPMN", "file", path, "error", err)
	} else {
		known.items = items
	}
	f.read[path] = known
	return known
}

func (f *folder) items(path string) ([]item, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := bpmn.Read(data)
	if err != nil {
		return nil, err
	}
	var list []item
	for _, p := range d.Processes {
		if p.Executable {
			list = append(list, item{Process{f.tenant, p.ID}, madeUpKey(path, p.ID, data), 0, path})
		}
	}
	return list, nil
}

// madeUpKey is negative, so that it is no key of a cluster's, and another one
// for every content.
func madeUpKey(path, process string, data []byte) int64 {
	h := fnv.New64a()
	for _, part := range [][]byte{[]byte(path), []byte(process), data} {
		_, _ = h.Write(part)
		_, _ = h.Write([]byte{0})
	}
	return -int64(h.Sum64()>>1) - 1
}

// xml implements scanner. It is called by other goroutines than scan.
func (f *folder) xml(_ context.Context, i item) ([]byte, error) {
	data, err := os.ReadFile(i.resource)
	if err == nil && madeUpKey(i.resource, i.ID, data) != i.key {
		err = fmt.Errorf("%s has changed since", i.resource)
	}
	return data, err
}

var (
	_ Source  = (*Folder)(nil)
	_ scanner = (*folder)(nil)
)
