package kafka

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"patchbay/protocols"
)

func at(additional map[string]any) cluster {
	return cluster{Topic: topic{Servers: "b:9092", Name: "t"}, Additional: additional}
}

// optionsOf builds a client that never connects, to ask it what it was told.
func optionsOf(t *testing.T, s *settings) *kgo.Client {
	t.Helper()
	opts := slices.Concat(s.common, s.producing, s.consuming, []kgo.Opt{kgo.ConsumerGroup("g")})
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func TestSettings(t *testing.T) {
	s, err := newSettings(at(map[string]any{
		"client.id": "me", "acks": "1", "linger.ms": 20, "compression.type": "zstd", "delivery.timeout.ms": "1000", "max.request.size": 2000000,
		"isolation.level": "read_committed", "session.timeout.ms": "30000", "group.instance.id": "i", "retries": nil, "max.poll.records": 5, "my.own": true,
		"partition.assignment.strategy": "[org.apache.kafka.clients.consumer.RangeAssignor]", "schema.registry.basic.auth.user.info": "a:b",
	}), producerDefaults)
	if err != nil {
		t.Fatal(err)
	}
	cl := optionsOf(t, s)
	for name, want := range map[string]struct{ option, value any }{
		"client.id":           {kgo.ClientID, "me"},
		"acks":                {kgo.RequiredAcks, kgo.LeaderAck()},
		"delivery.timeout.ms": {kgo.RecordDeliveryTimeout, "1s"},
		"linger.ms":           {kgo.ProducerLinger, "20ms"},
		"session.timeout.ms":  {kgo.SessionTimeout, "30s"},
		"group.instance.id":   {kgo.InstanceID, "i"},
	} {
		got := cl.OptValue(want.option)
		if text, ok := want.value.(string); ok {
			if shown, ok := got.(interface{ String() string }); ok {
				got = shown.String()
			}
			if got != text {
				t.Errorf("%s: got %v, want %v", name, got, text)
			}
		} else if got != want.value {
			t.Errorf("%s: got %v, want %v", name, got, want.value)
		}
	}
	if diff := cmp.Diff([]string{"max.poll.records: " + inert["max.poll.records"], "my.own: not known, so it has no effect"}, s.notes); diff != "" {
		t.Error(diff)
	}
	if s.acks() != "1" {
		t.Errorf("acks are %s", s.acks())
	}
}

// Every property of the tables makes an option that a client accepts.
func TestPropertiesMakeOptions(t *testing.T) {
	samples := map[string]string{
		"acks": "all", "compression.type": "gzip", "partitioner.class": "RoundRobinPartitioner", "isolation.level": "read_uncommitted",
		"partition.assignment.strategy": "org.apache.kafka.clients.consumer.StickyAssignor",
	}
	for name, option := range options {
		sample := samples[name]
		if sample == "" {
			sample = "1000"
		}
		if o, err := option(sample); err != nil || o == nil {
			t.Errorf("%s=%s: %v, %v", name, sample, o, err)
		}
		for _, table := range []map[string]string{inert, custom} {
			if table[name] != "" {
				t.Errorf("%s is in two tables", name)
			}
		}
	}
}

func TestSettingsRefuse(t *testing.T) {
	for name, test := range map[string]struct {
		at   cluster
		want string
	}{
		"no servers":        {cluster{Topic: topic{Servers: " , "}}, "topic.bootstrapServers: is required"},
		"a name alone":      {cluster{Topic: topic{Servers: "b"}, Authentication: login{Username: "u"}}, "authentication: Username / password pair is required"},
		"a password alone":  {cluster{Topic: topic{Servers: "b"}, Authentication: login{Password: "p"}}, "authentication: Username / password pair is required"},
		"no object":         {cluster{Topic: topic{Servers: "b"}, Additional: "acks=1"}, "additionalProperties: expected an object"},
		"a nested object":   {at(map[string]any{"a": map[string]any{}}), "additionalProperties: a: expected a text"},
		"a serializer":      {at(map[string]any{"value.serializer": "com.example.Mine"}), `additionalProperties.value.serializer: the Java class "com.example.Mine" cannot be loaded`},
		"an interceptor":    {at(map[string]any{"interceptor.classes": "com.example.Mine"}), "additionalProperties.interceptor.classes: Java classes"},
		"a file":            {at(map[string]any{"ssl.truststore.location": "/etc/trust.jks"}), "ssl.truststore.certificates"},
		"a keystore type":   {at(map[string]any{"ssl.keystore.type": "JKS"}), `expected PEM but got "JKS"`},
		"wrong acks":        {at(map[string]any{"acks": "2"}), `additionalProperties.acks: expected all, 1 or 0 but got "2"`},
		"no number":         {at(map[string]any{"linger.ms": "soon"}), `additionalProperties.linger.ms: expected a number of milliseconds but got "soon"`},
		"a strategy":        {at(map[string]any{"partition.assignment.strategy": "Mine"}), "CooperativeStickyAssignor"},
		"a mechanism":       {at(map[string]any{"security.protocol": "SASL_SSL", "sasl.mechanism": "GSSAPI", "sasl.jaas.config": "x required username=a password=b"}), `sasl.mechanism: expected PLAIN`},
		"no account":        {at(map[string]any{"security.protocol": "SASL_SSL"}), "sasl.jaas.config: expected a username"},
		"no token endpoint": {at(map[string]any{"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER"}), "sasl.oauthbearer.token.endpoint.url: expected an address"},
		"no web address for tokens": {at(map[string]any{"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.token.endpoint.url": "file:/token",
			"sasl.jaas.config": `m required clientId="c" clientSecret="s";`}), "sasl.oauthbearer.token.endpoint.url: expected an address"},
		"a protocol":        {at(map[string]any{"security.protocol": "TLS"}), "security.protocol: expected PLAINTEXT"},
		"a certificate":     {at(map[string]any{"security.protocol": "SSL", "ssl.truststore.certificates": "x"}), "PEM"},
		"weak transactions": {at(map[string]any{"transactional.id": "x", "acks": "1"}), "a transaction needs acks=all"},
		"weak idempotence":  {at(map[string]any{"enable.idempotence": true, "acks": "1"}), "it needs acks=all"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newSettings(test.at, producerDefaults)
			if !protocols.IsInputError(err) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an input error with %q", err, test.want)
			}
		})
	}
}

// An account means SASL_SSL with PLAIN, unless the properties say otherwise.
func TestSecurity(t *testing.T) {
	account := login{"u", "p"}
	for name, test := range map[string]struct {
		given     map[string]string
		login     login
		tls       bool
		mechanism string
		want      login
	}{
		"nothing":        {nil, login{}, false, "", login{}},
		"an account":     {nil, account, true, "PLAIN", account},
		"without TLS":    {map[string]string{"security.protocol": "SASL_PLAINTEXT"}, account, false, "PLAIN", account},
		"TLS alone":      {map[string]string{"security.protocol": "ssl"}, login{}, true, "", login{}},
		"SCRAM":          {map[string]string{"sasl.mechanism": "scram-sha-512"}, account, true, "SCRAM-SHA-512", account},
		"JAAS":           {map[string]string{"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.jaas.config": `org.apache.kafka.common.security.plain.PlainLoginModule required username="j" password="w";`}, account, true, "PLAIN", login{"j", "w"}},
		"no name check":  {map[string]string{"security.protocol": "SSL", "ssl.endpoint.identification.algorithm": ""}, login{}, true, "", login{}},
		"unsecured JWTs": {map[string]string{"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER", "sasl.jaas.config": `o.a.k.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="me";`}, login{}, false, "OAUTHBEARER", login{}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := newSecurity(test.given, test.login)
			if err != nil {
				t.Fatal(err)
			}
			if (s.tls != nil) != test.tls || s.mechanism != test.mechanism || s.login != test.want {
				t.Errorf("got TLS %t, mechanism %q, login %v", s.tls != nil, s.mechanism, s.login)
			}
		})
	}
}

// Settings that a connection depends on change its digest, others do not.
func TestDigest(t *testing.T) {
	of := func(c cluster) string {
		s, err := newSettings(c, producerDefaults)
		if err != nil {
			t.Fatal(err)
		}
		return s.digest()
	}
	base := cluster{Topic: topic{Servers: "b:1", Name: "t"}, Authentication: login{"u", "p"}}
	other := base
	other.Topic.Name = "u"
	if of(base) != of(other) {
		t.Error("the topic changes the digest")
	}
	for name, change := range map[string]func(*cluster){
		"servers":    func(c *cluster) { c.Topic.Servers = "b:2" },
		"name":       func(c *cluster) { c.Authentication.Username = "v" },
		"password":   func(c *cluster) { c.Authentication.Password = "q" },
		"property":   func(c *cluster) { c.Additional = map[string]any{"linger.ms": 5} },
		"credential": func(c *cluster) { c.Credential = &credential{Servers: "b:1", Username: "w", Password: "x"} },
	} {
		changed := base
		if change(&changed); of(base) == of(changed) {
			t.Errorf("%s does not change the digest", name)
		}
	}
}

func TestServers(t *testing.T) {
	if got := serversOf(" a:1, SASL_SSL://b:2 ,,c"); !slices.Equal(got, []string{"a:1", "b:2", "c"}) {
		t.Errorf("got %q", got)
	}
}

func TestJAAS(t *testing.T) {
	for line, want := range map[string]map[string]string{
		``: {},
		`org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";`: {"username": "u", "password": "p"},
		"  Module required\n username='a b'\tpassword = \"q\\\"=;\" ;  ":                              {"username": "a b", "password": `q"=;`},
		`Module required username=u password=p;`:                                                      {"username": "u", "password": "p"},
	} {
		got, err := parseJAAS(line)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %v, %v", line, got, err)
		}
	}
	for _, line := range []string{`Module required username="u`, `Module required username=`, `Module required x y z`, `=a`} {
		if got, err := parseJAAS(line); err == nil || strings.Contains(err.Error(), "Module") {
			t.Errorf("%s: got %v, %v, want an error that does not show it", line, got, err)
		}
	}
}

func FuzzJAAS(f *testing.F) {
	f.Add(`Module required username="u" password='p\'';`)
	f.Fuzz(func(t *testing.T, line string) { _, _ = parseJAAS(line) })
}

func TestOffsets(t *testing.T) {
	for _, test := range []struct {
		given any
		want  []int64
	}{
		{nil, nil}, {"", nil}, {"1,2", []int64{1, 2}}, {" [1, 2] ", []int64{1, 2}}, {[]any{1, "2"}, []int64{1, 2}}, {7, []int64{7}},
	} {
		if got, err := offsetsOf(test.given); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%v: got %v, %v", test.given, got, err)
		}
	}
	for _, wrong := range []any{"a", "1,,2", []any{map[string]any{}}, -1, []any{1.5}} {
		if got, err := offsetsOf(wrong); !protocols.IsInputError(err) {
			t.Errorf("%v: got %v, %v", wrong, got, err)
		}
	}
}

func TestGroup(t *testing.T) {
	for _, test := range []struct{ additional, given, name, want string }{
		{"a", "b", "c", "a"}, {"", "b", "c", "b"}, {"", "", "c", "kafka-inbound-connector-c"},
		{"", strings.Repeat("ü", 260), "c", strings.Repeat("ü", 250)},
	} {
		s := source{settings: &settings{given: map[string]string{"group.id": test.additional}}, host: protocols.InboundHost{Name: test.name}}
		if s.chooseGroup(test.given); s.group != test.want || s.own != (test.additional+test.given == "") {
			t.Errorf("got %q, own %t, want %q", s.group, s.own, test.want)
		}
	}
}
