package mirror

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"patchbay/schema"
)

// History is every version of the template files that the commits of a Git
// checkout have, newest first: of HEAD's history and the folder of the path. It
// runs the program git, which must be installed.
type History struct{ Path string }

// maxVersions is how many versions of files are looked at.
const maxVersions = 50_000

// Read implements Source. A version often has several texts, until it is
// finished: the newest counts.
func (h History) Read(ctx context.Context, _ Known, yield func(Text) error) error {
	versions, err := h.versions(ctx)
	if err != nil {
		return err
	}
	return h.contents(ctx, versions, yield)
}

// version is a file as a commit left it.
type version struct{ commit, path, blob string }

// versions lists what was added and changed, newest first, each text once.
func (h History) versions(ctx context.Context) ([]version, error) {
	out, err := h.git(ctx, "log", "--no-renames", "--diff-filter=AM", "--raw", "--no-abbrev", "-z", "--format=%x01%H", "--", "*.json")
	if err != nil {
		return nil, err
	}
	var list []version
	seen := map[string]bool{}
	commit := ""
	fields := strings.Split(out, "\x00")
	for i := 0; i < len(fields); i++ {
		field := strings.TrimLeft(fields[i], "\n")
		if id, is := strings.CutPrefix(field, "\x01"); is {
			commit = id
			continue
		}
		// ":100644 100644 <old blob> <new blob> M", then the path.
		parts := strings.Fields(field)
		if len(parts) != 5 || i+1 == len(fields) {
			continue
		}
		i++
		v := version{commit, fields[i], parts[3]}
		if !isTemplateFile(v.path) || seen[v.blob] {
			continue
		}
		seen[v.blob] = true
		if list = append(list, v); len(list) > maxVersions {
			return nil, fmt.Errorf("read the history of %s: more than %d versions of files", h.Path, maxVersions)
		}
	}
	return list, nil
}

// command runs git so that it only reads what is there: the checkout's own
// configuration could name programs for signatures, and for fetching what is
// missing.
func (h History) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", h.Path, "--no-pager", "-c", "log.showSignature=false", "-c", "core.fsmonitor=false"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0")
	return cmd
}

func (h History) git(ctx context.Context, args ...string) (string, error) {
	out, err := h.command(ctx, args...).Output()
	if err == nil {
		return string(out), nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		text, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
		return "", fmt.Errorf("read the history of %s: %s", h.Path, text)
	}
	return "", fmt.Errorf("read the history of %s: %w", h.Path, err)
}

// contents reads the texts by one git process, so that each need not start one.
func (h History) contents(ctx context.Context, versions []version, yield func(Text) error) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := h.command(ctx, "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("read the history of %s: %w", h.Path, err)
	}
	defer func() {
		_ = in.Close()
		cancel()
		_ = cmd.Wait() // its answers have been read; how it ends says nothing
	}()
	reader := bufio.NewReader(out)
	for _, v := range versions {
		text, err := object(in, reader, v.blob)
		if err != nil {
			return fmt.Errorf("read the history of %s: %w", h.Path, err)
		}
		if !LooksLikeTemplate(text) {
			continue
		}
		if err := yield(Text{From: filepath.ToSlash(v.path) + " in " + v.commit[:min(len(v.commit), 10)], Content: text, Past: true}); err != nil {
			return err
		}
	}
	return nil
}

// object asks for one object: "<id> blob <size>", the bytes, and a line's end.
func object(in io.Writer, out *bufio.Reader, id string) ([]byte, error) {
	if _, err := io.WriteString(in, id+"\n"); err != nil {
		return nil, err
	}
	head, err := out.ReadString('\n')
	if err != nil {
		return nil, err
	}
	parts := strings.Fields(head)
	if len(parts) != 3 {
		return nil, fmt.Errorf("git says %q", strings.TrimSpace(head))
	}
	size, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || size < 0 {
		return nil, fmt.Errorf("git says %q", strings.TrimSpace(head))
	}
	var text bytes.Buffer
	if _, err := io.CopyN(&text, out, min(size, schema.MaxDocument+1)); err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, out, size-int64(text.Len())+1); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

var _ Source = History{}
