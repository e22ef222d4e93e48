//go:build vectors

package webhook

// This keeps Wycheproof's test vectors among the module's requirements; the
// tests read their files from the module cache.
import _ "github.com/c2sp/wycheproof"
