package server

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// unused are the HTTP connections on which no request has come yet. Clients
// open such ones ahead, and http.Server.Shutdown waits five seconds for each.
type unused struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
}

// unusedGrace is how long a request that is under way when the server stops may
// take to arrive on a new connection.
const unusedGrace = 300 * time.Millisecond

// track is an http.Server's ConnState.
func (u *unused) track(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state != http.StateNew {
		delete(u.conns, c)
		return
	}
	if u.conns == nil {
		u.conns = map[net.Conn]bool{}
	}
	u.conns[c] = true
}

func (u *unused) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for c := range u.conns {
		_ = c.Close() // there is nobody to tell
	}
}
