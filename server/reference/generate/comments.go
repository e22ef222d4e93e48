package main

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// comments are the package comments of the repository, by folder.
type comments map[string]*comment.Doc

// section is a part of a comment with a heading; the first one has none.
type section struct {
	title   string
	content []comment.Block
}

// readComments reads the package comments below these folders of the repository.
func readComments(root string, folders ...string) (comments, error) {
	found := comments{}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil || file.Doc == nil {
				return err
			}
			name, err := filepath.Rel(root, filepath.Dir(path))
			found[filepath.ToSlash(name)] = new(comment.Parser).Parse(file.Doc.Text())
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// folders lists the folders with comments, those nearer to the root first.
func (c comments) folders() []string {
	var list []string
	for folder := range c {
		list = append(list, folder)
	}
	slices.Sort(list)
	return list
}

// sections cuts a folder's comment at its headings.
func (c comments) sections(folder string) []section {
	list := []section{{}}
	if c[folder] == nil {
		return list
	}
	for _, block := range c[folder].Content {
		if heading, is := block.(*comment.Heading); is {
			list = append(list, section{title: asMarkdown(&comment.Doc{Content: []comment.Block{&comment.Paragraph{Text: heading.Text}}})})
			continue
		}
		last := &list[len(list)-1]
		last.content = append(last.content, block)
	}
	return list
}

// about returns what a package comment says before its first heading.
func (c comments) about(folder string) string {
	text := c.sections(folder)[0].String()
	return withoutSubject(strings.TrimPrefix(text, "Package "))
}

// withoutSubject cuts off the name that a comment begins with, and "is".
func withoutSubject(text string) string {
	_, rest, _ := strings.Cut(text, " ")
	return capital(strings.TrimPrefix(rest, "is "))
}

// differs reports whether a section lists differences from Camunda.
func (s section) differs() bool { return strings.HasPrefix(s.title, "Differences") }

// String returns the section without its title as Markdown.
func (s section) String() string { return asMarkdown(&comment.Doc{Content: s.content}) }

// asMarkdown keeps the blanks before the first line: they tell to which list it
// belongs.
func asMarkdown(d *comment.Doc) string {
	p := comment.Printer{DocLinkURL: func(*comment.DocLink) string { return "" }}
	return strings.Trim(string(p.Markdown(d)), "\n")
}

// declared returns the comment of a function or type as Markdown, without the
// name that it begins with.
func declared(path, name string) (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return "", err
	}
	for _, d := range file.Decls {
		var text *ast.CommentGroup
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == name {
				text = d.Doc
			}
		case *ast.GenDecl:
			if t, is := d.Specs[0].(*ast.TypeSpec); is && t.Name.Name == name {
				text = d.Doc
			}
		}
		if text != nil {
			return withoutSubject(asMarkdown(new(comment.Parser).Parse(text.Text()))), nil
		}
	}
	return "", fmt.Errorf("%s declares no %s with a comment", path, name)
}
