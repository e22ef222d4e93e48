package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/go-chi/chi/v5"

	"patchbay/protocols"
	"patchbay/protocols/all"
	"patchbay/server"
	"patchbay/server/cli"
)

// facts are what the pages are made of.
type facts struct {
	protocols []protocols.Protocol
	commands  *kong.Application
	comments  comments
	metrics   []server.Metric
	routes    []route
	// environment describes the variables of Camunda's clients, health the two
	// paths for health, both as Markdown.
	environment, health string
}

// route is a path that the server answers.
type route struct {
	Method, Path string
	// What follows is known of the paths that the OpenAPI document describes.
	Tag, Summary, Description, Role string
}

func gather(root string) (*facts, error) {
	f := &facts{protocols: all.Protocols()}
	var errs [5]error
	f.commands, errs[0] = cli.Model()
	f.comments, errs[1] = readComments(root, "engine", "protocols", "server", "templates", "schema")
	f.environment, errs[2] = declared(filepath.Join(root, "engine/zeebe/options.go"), "OptionsFromEnv")
	f.health, errs[3] = declared(filepath.Join(root, "server/health.go"), "health")
	errs[4] = f.ask()
	return f, errors.Join(errs[:]...)
}

// ask starts a server and asks it for its metrics and routes.
func (f *facts) ask() error {
	data, err := os.MkdirTemp("", "reference")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	os.Clearenv() // what is set here says nothing about the program
	s, err := server.New(context.Background(), server.Config{
		Listen: "127.0.0.1:0", EngineListen: "127.0.0.1:0", Data: data, Drain: 10 * time.Second, MaxJobs: 16, JobTimeout: time.Minute,
		MessageTTL: time.Hour, SecretNames: "any",
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	defer func() { _ = s.Run(stopped) }() // it only has to end
	if f.metrics, err = s.Metrics(); err != nil {
		return err
	}
	return f.readRoutes(s.Handler())
}

// readRoutes lists all routes, with what the OpenAPI document says of them.
func (f *facts) readRoutes(handler http.Handler) error {
	var document struct {
		Paths map[string]map[string]struct {
			Tags                 []string
			Summary, Description string
			Role                 string `json:"x-role"`
		}
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/api/openapi.json", nil))
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		return fmt.Errorf("read the OpenAPI document: %w", err)
	}
	router, is := handler.(chi.Routes)
	if !is {
		return fmt.Errorf("list the routes: the handler is a %T", handler)
	}
	err := chi.Walk(router, func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		r := route{Method: method, Path: path}
		if o, described := document.Paths[path][strings.ToLower(method)]; described {
			r.Tag, r.Summary, r.Description, r.Role = strings.Join(o.Tags, ", "), o.Summary, o.Description, o.Role
		}
		f.routes = append(f.routes, r)
		return nil
	})
	f.routes = joined(f.routes)
	return err
}

// joined makes one of the routes that answer every method, and sorts.
func joined(list []route) []route {
	every := map[string]bool{}
	for _, r := range list {
		every[r.Path] = every[r.Path] || r.Method == http.MethodConnect
	}
	for i, r := range list {
		if every[r.Path] {
			list[i].Method = "any"
		}
	}
	slices.SortFunc(list, func(a, b route) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return slices.Compact(list)
}
