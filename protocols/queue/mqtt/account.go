package mqtt

import (
	"context"
	cryptorand "crypto/rand"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/url"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
	"patchbay/protocols/queue"
)

// The versions as users write them.
const (
	version5   = "5"
	version311 = "3.1.1"
)

// levels are the versions as CONNECT writes them.
var levels = map[string]byte{version5: 5, version311: 4}

// authentication says who connects.
type authentication struct {
	Type     string `bind:"type" enum:"none credentials" default:"none" doc:"none, or credentials (user name and password)."`
	Username string `bind:"username,required" when:"type=credentials" doc:"User name."`
	Password string `bind:"password,secret" when:"type=credentials" doc:"Password."`
}

// account is a broker and who connects to it.
type account struct {
	host     protocols.Host
	servers  []*url.URL
	auth     authentication
	tls      *httpx.TLS
	version  byte
	clientID string
	digest   string
}

// schemes are those of servers.
var schemes = queue.Schemes{
	Ports:   map[string]string{"mqtt": "1883", "tcp": "1883", "mqtts": "8883", "ssl": "8883", "tls": "8883"},
	Default: "mqtt", Example: "mqtt://host:1883 or mqtts://host:8883",
}

func newAccount(h protocols.Host, servers, version, clientID string, auth authentication, certificates *httpx.TLS) (*account, error) {
	a := &account{host: h, auth: auth, version: levels[version], clientID: clientID, tls: certificates}
	var err error
	if a.servers, err = schemes.Servers(servers); err != nil {
		return nil, err
	}
	if err := short("authentication", auth.Username, auth.Password); err != nil {
		return nil, err
	}
	all, err := json.Marshal([]any{servers, version, clientID, auth, certificates})
	a.digest = queue.Digest(string(all))
	return a, err
}

// address names a topic of the broker, by its first server.
func (a *account) address(topic string) *url.URL {
	u := *a.servers[0]
	u.Path = "/" + topic
	return &u
}

// freshID is a client id that every broker has to accept [MQTT-3.1.3-5].
func freshID() string { return "patchbay" + cryptorand.Text()[:15] }

// connect tries the servers one after the other. A broker's refusal is the answer
// of all.
func (a *account) connect(ctx context.Context, s settings) (c *client, err error) {
	for _, server := range a.servers {
		var conn net.Conn
		if conn, err = a.dial(ctx, server); err != nil {
			if protocols.IsInputError(err) {
				return nil, err
			}
			err = &protocols.Error{Code: queue.CodeConnection, Message: fmt.Sprintf("connect to %s: %s", server.Host, err), Temporary: true, Unsent: true, Cause: err}
			continue
		}
		if c, err = a.introduce(ctx, conn, s); err == nil {
			return c, nil
		}
		_ = conn.Close()
		err = connectFailure(server.Host, a.version, err)
	}
	return nil, err
}

func (a *account) dial(ctx context.Context, server *url.URL) (net.Conn, error) {
	conn, err := a.host.Dial(ctx, "tcp", server.Host)
	if err != nil || schemes.Ports[server.Scheme] == "1883" {
		return conn, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if !a.tls.Empty() {
		if config, err = a.tls.Config(); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	config.ServerName = server.Hostname()
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}
