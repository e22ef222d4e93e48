package zeebe

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

type env map[string]string

func (e env) lookup(name string) (string, bool) {
	v, ok := e[name]
	return v, ok
}

func TestOptionsFromEnv(t *testing.T) {
	for _, tt := range []struct {
		name    string
		env     env
		address string
		want    Options
	}{
		{"nothing set", nil, "", Options{Address: "127.0.0.1:26500", Plaintext: true}},
		{"address given", env{"ZEEBE_ADDRESS": "other:1"}, "127.0.0.1:9", Options{Address: "127.0.0.1:9", Plaintext: true}},
		{"elsewhere", env{"ZEEBE_ADDRESS": "zeebe.example.com:443"}, "", Options{Address: "zeebe.example.com:443"}},
		{"elsewhere, plaintext", env{"ZEEBE_ADDRESS": "zeebe:26500", "ZEEBE_INSECURE_CONNECTION": "true"}, "", Options{Address: "zeebe:26500", Plaintext: true}},
		{"here, TLS", env{"ZEEBE_INSECURE_CONNECTION": "false"}, "", Options{Address: "127.0.0.1:26500"}},
		{"host only", env{"ZEEBE_ADDRESS": "other:1", "ZEEBE_HOST": "localhost"}, "", Options{Address: "localhost:26500", Plaintext: true}},
		{"port only", env{"ZEEBE_ADDRESS": "other:1", "ZEEBE_PORT": "7"}, "", Options{Address: "127.0.0.1:7", Plaintext: true}},
		{"no port", nil, "zeebe", Options{Address: "zeebe:26500"}},
		{"IPv6", nil, "[::1]:7", Options{Address: "[::1]:7", Plaintext: true}},
		{"IPv6 without port", nil, "[::1]", Options{Address: "[::1]:26500", Plaintext: true}},
		{"scheme http", nil, "http://zeebe:26500", Options{Address: "zeebe:26500", Plaintext: true}},
		{"scheme grpcs", nil, "grpcs://zeebe", Options{Address: "zeebe:443"}},
		{"Camunda's address", env{"CAMUNDA_CLIENT_GRPCADDRESS": "http://zeebe:26500/"}, "", Options{Address: "zeebe:26500", Plaintext: true}},
		{"TLS details", env{"ZEEBE_CA_CERTIFICATE_PATH": "ca.pem", "ZEEBE_OVERRIDE_AUTHORITY": "z", "ZEEBE_KEEP_ALIVE": "20000"}, "",
			Options{Address: "127.0.0.1:26500", CAFile: "ca.pem", Authority: "z", KeepAlive: 20 * time.Second}},
		{"OAuth", env{"ZEEBE_CLIENT_ID": "id", "ZEEBE_CLIENT_SECRET": "s", "ZEEBE_TOKEN_AUDIENCE": "aud", "ZEEBE_TOKEN_SCOPE": "sc",
			"ZEEBE_AUTHORIZATION_SERVER_URL": "https://login/token", "ZEEBE_AUTH_REQUEST_TIMEOUT": "500"}, "",
			Options{Address: "127.0.0.1:26500", OAuth: &OAuth{"id", "s", "https://login/token", "aud", "sc", 500 * time.Millisecond}}},
		{"Camunda's OAuth", env{"CAMUNDA_CLIENT_ID": "id", "CAMUNDA_CLIENT_SECRET": "s", "CAMUNDA_OAUTH_URL": "https://login/token"}, "",
			Options{Address: "127.0.0.1:26500", OAuth: &OAuth{ClientID: "id", ClientSecret: "s", TokenURL: "https://login/token"}}},
		{"basic", env{"CAMUNDA_BASIC_AUTH_USERNAME": "demo", "CAMUNDA_BASIC_AUTH_PASSWORD": "pw", "ZEEBE_INSECURE_CONNECTION": "true"}, "",
			Options{Address: "127.0.0.1:26500", Plaintext: true, Basic: &Basic{"demo", "pw"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := OptionsFromEnv(tt.env.lookup, tt.address)
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(Options{}, "Dialer")); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestOptionsFromEnvErrors(t *testing.T) {
	for _, tt := range []struct {
		env     env
		address string
		want    string
	}{
		{nil, "ftp://x", `gateway address "ftp://x": unknown scheme "ftp" (http, https, grpc or grpcs)`},
		{nil, "x:y", `gateway address "x:y": expected host:port, such as 127.0.0.1:26500`},
		{nil, ":7", `gateway address ":7": expected host:port, such as 127.0.0.1:26500`},
		{nil, "http://x/path", `gateway address "http://x/path": expected host:port, such as 127.0.0.1:26500`},
		{env{"ZEEBE_KEEP_ALIVE": "45s"}, "", `ZEEBE_KEEP_ALIVE: expected milliseconds, got "45s"`},
		{env{"ZEEBE_INSECURE_CONNECTION": "maybe"}, "", `ZEEBE_INSECURE_CONNECTION: expected true or false, got "maybe"`},
		{env{"ZEEBE_CLIENT_ID": "x"}, "", `ZEEBE_CLIENT_ID is set but ZEEBE_CLIENT_SECRET is not: OAuth needs both`},
		{env{"CAMUNDA_CLIENT_SECRET": "x"}, "", `CAMUNDA_CLIENT_SECRET is set but ZEEBE_CLIENT_ID is not: OAuth needs both`},
		{env{"ZEEBE_CLIENT_ID": "x", "ZEEBE_CLIENT_SECRET": "x", "ZEEBE_AUTHORIZATION_SERVER_URL": "login"}, "",
			`ZEEBE_AUTHORIZATION_SERVER_URL: expected the token endpoint's http or https URL`},
	} {
		_, err := OptionsFromEnv(tt.env.lookup, tt.address)
		if err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, text := range []string{"", "a:1", "http://a", "[::1]:2", "a:b:c", "://", "grpcs://[::1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var o Options
		if _, err := o.setAddress(text); err == nil && o.Address == "" {
			t.Errorf("%q gives no address", text)
		}
	})
}
