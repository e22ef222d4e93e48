package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"patchbay/engine/store"
)

// Addresses are where a server listens, host:port; what is not there is empty.
type Addresses struct {
	PID    int    `json:"pid"`
	HTTP   string `json:"http"`
	Engine string `json:"engine,omitempty"`
	Proxy  string `json:"proxy,omitempty"`
}

// lockSuffix makes the name of the file beside a SQLite database that keeps it
// to one server. While a server listens, the file says where: Addresses as JSON.
const lockSuffix = ".lock"

// lock refuses a second server on a SQLite database.
func (s *Server) lock(dsn string) (err error) {
	if dsn == ":memory:" || strings.Contains(dsn, "://") {
		return nil
	}
	file := strings.TrimPrefix(dsn, "sqlite:")
	s.locked, err = store.TakeLock(file + lockSuffix)
	var taken *store.LockedError
	if errors.As(err, &taken) {
		setting := "--data " + s.config.Data
		if s.config.Database != "" {
			setting = "--database " + file
		}
		return fmt.Errorf("%s: another patchbay uses it%s: stop that one, or give this one a folder of its own (several replicas share --database postgres://...)", setting, whose(taken.Note))
	}
	if err != nil {
		return err
	}
	s.onStop(closing(s.locked.Close))
	return nil
}

// whose says what a note tells of the server that wrote it.
func whose(note string) string {
	var a Addresses
	if json.Unmarshal([]byte(note), &a) != nil || a.HTTP == "" {
		return ""
	}
	return fmt.Sprintf(" (process %d, http://%s)", a.PID, a.HTTP)
}

// noteAddresses tells others where this server listens.
func (s *Server) noteAddresses(context.Context) error {
	if s.locked == nil {
		return nil
	}
	text, err := json.Marshal(Addresses{PID: os.Getpid(), HTTP: s.Address(), Engine: s.EngineAddress(), Proxy: s.ProxyAddress()})
	if err != nil {
		return err
	}
	return s.locked.Note(string(text))
}

// Address is where the HTTP API listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// EngineAddress is where the embedded engine's gateway listens; empty with a
// remote gateway.
func (s *Server) EngineAddress() string { return addressOf(s.engineListener) }

// GatewayAddress is the remote gateway that flag or environment name; empty with
// the embedded engine.
func (s *Server) GatewayAddress() string { return s.gatewayAddress }

// ProxyAddress is where the gateway proxy listens; empty without one.
func (s *Server) ProxyAddress() string { return addressOf(s.inbound.listener) }

func addressOf(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}
