package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"patchbay/engine/zeebe/embedded/rest"
	"patchbay/server"
)

// TestDeleteUnused deletes templates that a deployed process uses, and others,
// for each way in which the server knows of processes.
func TestDeleteUnused(t *testing.T) {
	used := task{jobType: "x", template: `zeebe:modelerTemplate="demo.used" zeebe:modelerTemplateVersion="2"`}.process("user")
	tests := map[string]func(t *testing.T) *serving{
		"embedded engine": func(t *testing.T) *serving {
			s := serve(t, config(t, nil), quiet)
			deployTo(t, s, used)
			return s
		},
		"deployed through patchbay": func(t *testing.T) *serving {
			g := startGateway(t)
			s := serve(t, config(t, func(c *server.Config) { c.Gateway = g.address }), quiet)
			deployTo(t, s, used)
			return s
		},
		"REST API": func(t *testing.T) *serving {
			g := startGateway(t)
			deployTo(t, g.client(), used)
			cluster := httptest.NewServer(rest.Handler(g.Engine, "8.8.0"))
			t.Cleanup(cluster.Close)
			return serve(t, config(t, func(c *server.Config) { c.Gateway, c.RESTAddress = g.address, cluster.URL }), quiet)
		},
		"folder": func(t *testing.T) *serving {
			g, folder := startGateway(t), t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, used.Name), used.Content, 0o600); err != nil {
				t.Fatal(err)
			}
			return serve(t, config(t, func(c *server.Config) { c.Gateway, c.Definitions = g.address, folder }), quiet)
		},
	}
	for name, begin := range tests {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			ask := func(want int, method, path, body, text string) {
				t.Helper()
				status, got := answer(t, method, "http://"+s.Address()+"/api/v1/templates"+path, body)
				if status != want || !strings.Contains(got, text) {
					t.Errorf("%s %s: %d %s", method, path, status, got)
				}
			}
			for version := range 3 {
				ask(http.StatusCreated, http.MethodPost, "", constrained("demo.used", version+1), "")
			}
			ask(http.StatusConflict, http.MethodDelete, "/demo.used/versions/2", "", `used by process \"user\" version`)
			ask(http.StatusNoContent, http.MethodDelete, "/demo.used/versions/3", "", "")
			ask(http.StatusNotFound, http.MethodDelete, "/demo.used/versions/3", "", "")
			ask(http.StatusOK, http.MethodGet, "?text=demo.used", "", fmt.Sprintf(`"version":%d`, 2))
		})
	}
}
