//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package store

import "os"

// tryLock lets everybody in.
func tryLock(*os.File) error { return nil }
