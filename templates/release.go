package templates

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Release is what an archive of templates holds: of each template the latest
// version first, then the older ones.
type Release []Info

// Release lists all versions of all templates. One without a version is not
// among them, since who reads archives passes over it.
func (c *Catalog) Release(ctx context.Context) (Release, error) {
	list, err := c.all(ctx)
	if err != nil {
		return nil, err
	}
	var latest, older Release
	for i, info := range list {
		switch {
		case info.Version == nil:
		case i > 0 && list[i-1].ID == info.ID:
			older = append(older, info)
		default:
			latest = append(latest, info)
		}
	}
	return append(latest, older...), nil
}

// Hash changes whenever the archive does.
func (r Release) Hash() string { return Digest(r) }

// maxRelease is how many bytes of templates an archive holds at most; Camunda's
// c8ctl takes archives of up to 128 MiB (4.1, "MAX_BUNDLE_BYTES").
const maxRelease = 100 << 20

// WriteArchive writes a release as a gzipped tar with a file for each version.
// Versions that no longer fit are left out. An error means that the archive is
// cut off.
func (c *Catalog) WriteArchive(ctx context.Context, w io.Writer, r Release) error {
	zip := gzip.NewWriter(w)
	archive := tar.NewWriter(zip)
	size := 0
	for _, info := range r {
		text, err := c.Text(ctx, info.ID, info.VersionNumber())
		if err != nil {
			return fmt.Errorf("archive template %s@%d: %w", info.ID, info.VersionNumber(), err)
		}
		if info.Deprecation != nil {
			text = info.Deprecation.marked(text)
		}
		if size += len(text); size > maxRelease {
			break
		}
		header := &tar.Header{Name: info.FileName(), Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if info.PublishedAt != nil {
			header.ModTime = *info.PublishedAt
		}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("archive template %s@%d: %w", info.ID, info.VersionNumber(), err)
		}
		if _, err := archive.Write(text); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return zip.Close()
}

// maxFileName is how long the names of files in an archive are at most.
const maxFileName = 90

// FileName is a name for a file with the text of this version: its id and
// version, and a part of its hash where the id cannot be the name of a file.
func (i Info) FileName() string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') {
			return r
		}
		return '_'
	}, i.ID)
	version := ""
	if i.Version != nil {
		version = fmt.Sprintf("-%d", *i.Version)
	}
	if name != i.ID || len(name)+len(version) > maxFileName-len(".json") || strings.HasPrefix(name, ".") {
		sum := sha256.Sum256([]byte(i.ID))
		name = strings.TrimLeft(name[:min(len(name), 50)], ".") + "-" + hex.EncodeToString(sum[:6])
	}
	return name + version + ".json"
}
