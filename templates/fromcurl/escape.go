package fromcurl

import (
	"net/url"
	"strings"
)

// escapePath writes a segment of a path; escapeQuery a name of a query.
func escapePath(text string) string { return url.PathEscape(plain(text)) }
func escapeQuery(text string) string {
	return strings.ReplaceAll(url.QueryEscape(plain(text)), "+", "%20")
}
