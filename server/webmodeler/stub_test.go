package webmodeler

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// stub behaves as the API is documented (the descriptions of the Web Modeler API
// v1 and of its client @camunda8/sdk 8.8): searches give 50 files at most, an
// update needs the file's revision, and old ones replace the template's id.
type stub struct {
	*testing.T
	server *httptest.Server
	files  []*file
	// old replaces ids as before 8.8.
	old bool
	// before is called before each request; one that returns true has answered.
	before   func(http.ResponseWriter, *http.Request) bool
	requests []string
}

const stubToken = "t0ken"

func newStub(t *testing.T) *stub {
	s := &stub{T: t}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /api/v1/files", s.create)
	mux.HandleFunc("POST /api/v1/files/search", s.search)
	mux.HandleFunc("GET /api/v1/files/{id}", s.get)
	mux.HandleFunc("PATCH /api/v1/files/{id}", s.update)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests = append(s.requests, r.Method+" "+r.URL.Path)
		switch {
		case s.before != nil && s.before(w, r):
		case r.URL.Path != "/token" && r.Header.Get("Authorization") != "Bearer "+stubToken:
			http.Error(w, "", http.StatusUnauthorized)
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.server.Close)
	return s
}

func (s *stub) options() Options {
	return Options{BaseURL: s.server.URL + "/api/", TokenURL: s.server.URL + "/token", ClientID: "me", ClientSecret: "hunter2", Audience: "api.example.com"}
}

func (s *stub) answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		s.Error(err)
	}
}

func (s *stub) read(r *http.Request, into any) {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		s.Error(err)
	}
}

func (s *stub) token(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_id") != "me" || r.FormValue("client_secret") != "hunter2" || r.FormValue("audience") != "api.example.com" {
		http.Error(w, `{"error": "access_denied"}`, http.StatusUnauthorized)
		return
	}
	s.answer(w, map[string]any{"access_token": stubToken, "token_type": "Bearer", "expires_in": 300})
}

func (s *stub) search(w http.ResponseWriter, r *http.Request) {
	var search struct {
		Filter     struct{ ProjectID string }
		Page, Size int
	}
	s.read(r, &search)
	var items []metadata
	for _, f := range s.files {
		if f.Metadata.ProjectID == search.Filter.ProjectID {
			items = append(items, f.Metadata)
		}
	}
	size := min(search.Size, 50)
	from := min(search.Page*size, len(items))
	s.answer(w, map[string]any{"items": items[from:min(from+size, len(items))], "total": len(items)})
}

func (s *stub) find(w http.ResponseWriter, r *http.Request) *file {
	i := slices.IndexFunc(s.files, func(f *file) bool { return f.Metadata.ID == r.PathValue("id") })
	if i < 0 {
		http.Error(w, "", http.StatusNotFound)
		return nil
	}
	return s.files[i]
}

func (s *stub) get(w http.ResponseWriter, r *http.Request) {
	if f := s.find(w, r); f != nil {
		s.answer(w, f)
	}
}

func (s *stub) create(w http.ResponseWriter, r *http.Request) {
	var create struct{ Name, FolderID, ProjectID, Content, FileType string }
	s.read(r, &create)
	if !slices.Contains(fileTypes, create.FileType) || create.Name == "" || create.ProjectID != "p" {
		http.Error(w, `{"title": "Bad Request"}`, http.StatusBadRequest)
		return
	}
	s.answer(w, s.add(create.Name, create.FileType, create.FolderID, create.Content).Metadata)
}

func (s *stub) add(name, kind, folder, content string) *file {
	f := &file{Content: content, Metadata: metadata{ID: fmt.Sprintf("f%d", len(s.files)+1), Name: name, ProjectID: "p", FolderID: folder, Type: kind, Revision: 1}}
	if s.old {
		f.Content = strings.Replace(content, idOf(content), f.Metadata.ID, 1)
	}
	s.files = append(s.files, f)
	return f
}

func (s *stub) update(w http.ResponseWriter, r *http.Request) {
	var update struct {
		Name, Content string
		Revision      int64
	}
	s.read(r, &update)
	f := s.find(w, r)
	switch {
	case f == nil:
	case update.Revision != f.Metadata.Revision:
		http.Error(w, "", http.StatusConflict)
	default:
		f.Metadata.Name, f.Content = update.Name, update.Content
		f.Metadata.Revision++
		s.answer(w, f.Metadata)
	}
}
