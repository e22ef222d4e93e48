package nats

import (
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"patchbay/protocols"
	"patchbay/protocols/bind"
	"patchbay/protocols/queue"
)

// publish runs a job with these variables.
func publish(t *testing.T, host protocols.Host, variables map[string]any) (map[string]any, error) {
	t.Helper()
	in := Protocol().Input()
	if err := bind.Bind(variables, in); err != nil {
		return nil, err
	}
	p, err := driver{}.Publication(t.Context(), host.WithDefaults(), in)
	if err != nil {
		return nil, err
	}
	producer, err := p.Connect(t.Context())
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	return producer.Publish(t.Context(), p.Message)
}

func pair(t *testing.T, create func() (nkeys.KeyPair, error)) (key nkeys.KeyPair, public, seed string) {
	t.Helper()
	key, err := create()
	if err != nil {
		t.Fatal(err)
	}
	public, _ = key.PublicKey()
	text, err := key.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return key, public, string(text)
}

// credentials make an operator, whom the server trusts, an account and the file of
// a user.
func credentials(t *testing.T, o *server.Options) string {
	t.Helper()
	operator, operatorID, _ := pair(t, nkeys.CreateOperator)
	account, accountID, _ := pair(t, nkeys.CreateAccount)
	_, userID, seed := pair(t, nkeys.CreateUser)
	accountJWT, err := jwt.NewAccountClaims(accountID).Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	userJWT, err := jwt.NewUserClaims(userID).Encode(account)
	if err != nil {
		t.Fatal(err)
	}
	file, err := jwt.FormatUserConfig(userJWT, []byte(seed))
	if err != nil {
		t.Fatal(err)
	}
	resolver := &server.MemAccResolver{}
	if err := resolver.Store(accountID, accountJWT); err != nil {
		t.Fatal(err)
	}
	o.TrustedKeys, o.AccountResolver, o.JetStream = []string{operatorID}, resolver, false
	return string(file)
}

func TestAuthentication(t *testing.T) {
	_, public, seed := pair(t, nkeys.CreateUser)
	_, _, stranger := pair(t, nkeys.CreateUser)
	var file string
	for name, test := range map[string]struct {
		server       func(*server.Options)
		right, wrong map[string]any
	}{
		"token": {func(o *server.Options) { o.Authorization = "hush" },
			map[string]any{"type": "token", "token": "hush"}, map[string]any{"type": "token", "token": "loud"}},
		"credentials": {func(o *server.Options) { o.Username, o.Password = "u", "p" },
			map[string]any{"type": "credentials", "username": "u", "password": "p"}, map[string]any{"type": "none"}},
		"nkey": {func(o *server.Options) { o.Nkeys = []*server.NkeyUser{{Nkey: public}} },
			map[string]any{"type": "nkey", "seed": seed}, map[string]any{"type": "nkey", "seed": stranger}},
		"jwt": {func(o *server.Options) { file = credentials(t, o) }, nil, map[string]any{"type": "nkey", "seed": seed}},
	} {
		t.Run(name, func(t *testing.T) {
			b := serve(t, test.server)
			job := map[string]any{"servers": b.url(), "mode": modeCore, "subject": "a", "message": map[string]any{"value": "x"}}
			if test.right == nil {
				test.right = map[string]any{"type": "jwt", "credentials": file}
			}
			job["authentication"] = test.right
			if receipt, err := publish(t, open(), job); err != nil || receipt["confirmed"] != true {
				t.Errorf("got %v, %v", receipt, err)
			}
			job["authentication"] = test.wrong
			_, err := publish(t, open(), job)
			var known *protocols.Error
			if !errors.As(err, &known) || known.Code != queue.CodeAuthentication || known.Temporary {
				t.Errorf("with wrong ones got %v", err)
			}
		})
	}
}

// What is wrong with a job is told before or while it connects, without secrets.
func TestWrongInput(t *testing.T) {
	for name, test := range map[string]struct {
		change map[string]any
		want   string
	}{
		"scheme":                {map[string]any{"servers": "http://a"}, "servers: expected an address such as"},
		"no host":               {map[string]any{"servers": "nats://"}, "servers: expected an address such as"},
		"password in the URL":   {map[string]any{"servers": "nats://u:hush@a"}, "the address of a has a user name or token"},
		"seed":                  {map[string]any{"authentication": map[string]any{"type": "nkey", "seed": "hush"}}, "authentication.seed: expected the seed"},
		"credentials file":      {map[string]any{"authentication": map[string]any{"type": "jwt", "credentials": "hush"}}, "authentication.credentials: expected the content"},
		"certificate":           {map[string]any{"clientTls": map[string]any{"trustedCertificate": "hush"}}, "clientTls.trustedCertificate: expected"},
		"stream of core":        {map[string]any{"mode": "core", "stream": "A"}, `mode: expected "jetStream"`},
		"reply of a stream":     {map[string]any{"message": map[string]any{"value": "x", "waitForReply": true}}, "message.waitForReply: a stream does not reply"},
		"time limit":            {map[string]any{"message": map[string]any{"value": "x", "replyTimeout": "PT0S"}}, "message.replyTimeout: expected a duration above zero"},
		"address not allowed":   {map[string]any{"servers": "nats://127.0.0.1:4222"}, "allow it with --allow-net loopback"},
		"one of several server": {map[string]any{"servers": "nats://a, ftp://b"}, "servers: expected an address such as"},
	} {
		t.Run(name, func(t *testing.T) {
			job := map[string]any{"servers": "nats://127.0.0.1:1", "subject": "a", "message": map[string]any{"value": "x"}}
			_, err := publish(t, guarded(), with(job, pairs(test.change)...))
			if !protocols.IsInputError(err) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func pairs(m map[string]any) (list []any) {
	for name, value := range m {
		list = append(list, name, value)
	}
	return list
}
