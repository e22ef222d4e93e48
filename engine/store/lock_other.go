//go:build !unix

package store

import "os"

// tryLock lets everybody in.
func tryLock(*os.File) error { return nil }
