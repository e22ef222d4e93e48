// Package server is the process: it composes the engine, the protocols, the
// catalog and the HTTP API from a configuration, starts them in order and stops
// them in reverse. Command lines live in server/cli, HTTP in server/api.
package server

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"patchbay/server/api"
)

// Config is all that an operator can set. The struct is the one place of each
// setting: its tags are the flag, its help and its default; PATCHBAY_<FLAG> in
// the environment and the flag's name in the --config file say the same.
type Config struct {
	Gateway      string `placeholder:"HOST:PORT" help:"Zeebe gateway to serve; without it an embedded engine runs. ZEEBE_ADDRESS and Camunda's other client variables count too."`
	Listen       string `default:"127.0.0.1:8086" placeholder:"ADDR" help:"Address of the HTTP API, the catalog, health and metrics."`
	ProxyListen  string `placeholder:"ADDR" help:"Address of a gateway proxy, with --gateway: deploy through it, and inbound connectors start at once without Operate."`
	EngineListen string `default:"127.0.0.1:26500" placeholder:"ADDR" help:"Address of the embedded engine's gateway, for modelers and clients. The engine keeps what is deployed and what runs in memory, until the server ends."`
	Data         string `default:"patchbay-data" placeholder:"DIR" help:"Folder of the database and of stored documents."`
	Database     string `placeholder:"URL" help:"Database instead of a file in --data, such as postgres://user:password@host/name."`

	RESTAddress    string        `name:"rest-address" env:"PATCHBAY_REST_ADDRESS,CAMUNDA_REST_ADDRESS,ZEEBE_REST_ADDRESS" placeholder:"URL" help:"Camunda's Orchestration Cluster REST API, to find deployed inbound connectors and waiting instances."`
	OperateAddress string        `placeholder:"URL" help:"Operate's API, for the same with Camunda 8.7 and before."`
	Definitions    string        `placeholder:"DIR" help:"Folder of BPMN files whose inbound connectors are kept active."`
	WebhookURL     string        `name:"webhook-url" placeholder:"URL" help:"Address under which callers see this server, for signatures that cover the URL."`
	MessageTTL     time.Duration `name:"message-ttl" default:"1h" help:"How long messages of inbound connectors wait for a subscription; the property messageTtl wins."`

	Mirror         []string      `sep:"none" placeholder:"SOURCE" help:"Copies templates into the catalog: the URL of an index such as Camunda's marketplace has, a folder, or git: and a checkout, all of whose history counts; repeatable. An index may be at public addresses, and those of --allow-net."`
	MirrorInterval time.Duration `default:"24h" placeholder:"DURATION" help:"How often --mirror looks for new templates."`

	AllowNet        []string `placeholder:"NET" help:"Addresses that connectors may reach besides public ones: loopback, private or a CIDR; repeatable."`
	AllowLoopback   bool     `help:"Short for --allow-net loopback."`
	NoAuth          bool     `help:"Let the API listen beyond this machine without tokens."`
	APIToken        []string `name:"api-token" placeholder:"[NAME=]TOKEN" help:"Token that API and UI ask for, as a bearer token, with which everything may be done; repeatable, at least 16 characters. NAME is what the audit log calls its bearer."`
	PublishToken    []string `name:"publish-token" placeholder:"[NAME=]TOKEN" help:"Token with which templates may be published, deprecated and tried; repeatable."`
	ReadToken       []string `name:"read-token" placeholder:"[NAME=]TOKEN" help:"Token with which things may only be looked at; repeatable."`
	PublicTemplates bool     `help:"Let everybody fetch published templates, where tokens are set: modelers and c8ctl send none."`

	SecretPrefix string   `default:"SECRET_" help:"Prefix of environment variables that are secrets."`
	SecretFile   []string `placeholder:"PATH" help:"File of NAME=VALUE lines, or folder with a file per secret; repeatable, read again when it changes."`
	SecretNames  string   `enum:"model,any" default:"any" help:"Secrets of jobs whose element's model is unknown here: \"any\" resolves whatever they name, so data in their variables can ask for any secret too; \"model\" resolves none. Where the model is known, by the embedded engine, a deployment through patchbay, --rest-address or --operate-address, only names that its author wrote count."`

	JobType    map[string]string `placeholder:"TYPE=SERVED" help:"Take jobs of another type name: NEW=OLD serves jobs of type NEW as OLD; repeatable."`
	MaxJobs    int               `default:"512" help:"Most jobs in flight; a quarter of them of one type."`
	JobTimeout time.Duration     `default:"5m" help:"How long a job is locked; the task header jobTimeout wins."`
	Tenant     []string          `placeholder:"ID" help:"Tenant whose jobs are taken; repeatable; the default tenant if absent."`
	Drain      time.Duration     `default:"20s" help:"How long running jobs may take when the server stops."`

	AnswerMemory  int           `default:"256" placeholder:"MIB" help:"Most memory that answers of more than 64 KiB take together while they are decoded, by about what they take then: others wait, and one that would take more alone fails. Mappings may take as much again."`
	DocumentSpace int           `default:"10240" placeholder:"MIB" help:"Most space that stored documents take in --data, 64 MiB each; when it is used up, storing fails."`
	DocumentTTL   time.Duration `name:"document-ttl" default:"720h" help:"How long a document is kept that names no time of its own; 0 keeps it for ever."`

	CallBodies bool `name:"call-bodies" help:"Keep requests and answers of recent calls, with bodies of up to 4 KiB, for the Web UI; secrets are masked."`

	LogLevel  string `enum:"debug,info,warn,error" default:"info" help:"Least severity that is logged: ${enum}."`
	LogFormat string `enum:"text,json" default:"text" help:"Form of the log: ${enum}."`
}

// Validate checks what the parser cannot; its error names each setting.
func (c Config) Validate() error {
	var problems []error
	for name, address := range map[string]string{"--listen": c.Listen, "--engine-listen": c.EngineListen} {
		if _, _, err := net.SplitHostPort(address); err != nil {
			problems = append(problems, fmt.Errorf("%s %q: expected HOST:PORT, such as 127.0.0.1:8086", name, address))
		}
	}
	for name, size := range map[string]int{"--answer-memory": c.AnswerMemory, "--document-space": c.DocumentSpace} {
		if size < 0 {
			problems = append(problems, fmt.Errorf("%s %d: expected a number of MiB", name, size))
		}
	}
	if scheme, _, ok := strings.Cut(c.Database, "://"); ok && scheme != "postgres" && scheme != "postgresql" {
		problems = append(problems, fmt.Errorf("--database: expected postgres://user:password@host/name or the path of a SQLite file, but its scheme is %q", scheme))
	}
	tokens, err := c.tokens()
	problems = append(problems, err)
	if !c.NoAuth && !isLoopback(c.EngineListen) {
		problems = append(problems, fmt.Errorf("--engine-listen %s is reachable from other machines, and the embedded engine asks nobody for a token: set --no-auth to allow everybody", c.EngineListen))
	}
	if len(tokens) == 0 && !c.NoAuth && !isLoopback(c.Listen) {
		problems = append(problems, fmt.Errorf("--listen %s is reachable from other machines but no API token is set: set --api-token, or --no-auth to allow everybody", c.Listen))
	}
	return errors.Join(problems...)
}

// tokens are all tokens with their roles; the errors show none of them.
func (c Config) tokens() (all []api.Token, err error) {
	var problems []error
	settings := map[string]string{} // by the token's text
	for _, group := range []struct {
		flag string
		role api.Role
		list []string
	}{{"--api-token", api.Admin, c.APIToken}, {"--publish-token", api.Publish, c.PublishToken}, {"--read-token", api.Read, c.ReadToken}} {
		for i, setting := range group.list {
			token, err := api.ParseToken(setting, group.role, fmt.Sprintf("%s %d", group.flag, i+1))
			if other, twice := settings[token.Text]; err == nil && twice {
				err = fmt.Errorf("the token is one of %s already", other)
			}
			if err != nil {
				problems = append(problems, fmt.Errorf("%s, number %d: %w", group.flag, i+1, err))
			}
			settings[token.Text] = group.flag
			all = append(all, token)
		}
	}
	return all, errors.Join(problems...)
}

// isLoopback reports whether only this machine reaches a listen address.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Allow returns the address classes and networks that connectors may reach.
func (c Config) Allow() []string {
	if c.AllowLoopback {
		return append([]string{"loopback"}, c.AllowNet...)
	}
	return c.AllowNet
}
