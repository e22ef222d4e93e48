// Package reference holds the reference documentation: what templates, modelers
// and operators may write, and what they get. It is generated from the code, its
// comments and the built-in templates, so that each fact has one place; a test
// of package generate holds it to them.
package reference

import "embed"

//go:generate go run ./generate

// Pages are the pages as Markdown, README.md the first of them. Their links to
// each other are relative.
//
//go:embed *.md
var Pages embed.FS

//go:embed style.css
var style []byte
