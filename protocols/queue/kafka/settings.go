package kafka

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"patchbay/protocols"
	"patchbay/protocols/queue"
)

// settings are what a connection depends on: where the brokers are, and the
// properties of Kafka's Java client in the terms of ours.
type settings struct {
	servers []string
	login   login
	given   map[string]string
	// common, producing and consuming are the options of clients.
	common, producing, consuming []kgo.Opt
	security                     security
	// notes say which properties have no effect, and why.
	notes []string
}

// inputAdditional is the input that properties of the Java client come from.
const inputAdditional = "additionalProperties"

// newSettings reads the address, the account and the additional properties. It
// does not connect.
func newSettings(at cluster, defaults map[string]string) (*settings, error) {
	s := &settings{login: at.login(), given: map[string]string{}}
	maps.Copy(s.given, defaults)
	s.servers = serversOf(at.servers())
	if len(s.servers) == 0 {
		return nil, &protocols.InputError{Path: "topic.bootstrapServers", Message: "is required, but is empty"}
	}
	if (s.login.Username == "") != (s.login.Password == "") {
		return nil, &protocols.InputError{Path: "authentication", Message: "Username / password pair is required"}
	}
	additional, err := objectOf(at.Additional)
	if err != nil {
		return nil, &protocols.InputError{Path: inputAdditional, Message: err.Error(), Cause: err}
	}
	maps.Copy(s.given, additional)
	if err := s.apply(); err != nil {
		return nil, err
	}
	if s.security, err = newSecurity(s.given, s.login); err != nil {
		return nil, err
	}
	return s, s.check()
}

// serversOf splits a list of addresses; a port may be missing.
func serversOf(text string) (list []string) {
	for server := range strings.SplitSeq(text, ",") {
		if server = strings.TrimSpace(server); server == "" {
			continue
		}
		if _, rest, named := strings.Cut(server, "://"); named {
			server = rest // as in PLAINTEXT://broker:9092, the way brokers write it
		}
		list = append(list, server)
	}
	return list
}

// apply sorts the properties into the options.
func (s *settings) apply() error {
	for _, name := range slices.Sorted(maps.Keys(s.given)) {
		text := strings.TrimSpace(s.given[name])
		s.given[name] = text
		if err := s.applyOne(name, text); err != nil {
			return &protocols.InputError{Path: inputAdditional + "." + name, Message: err.Error(), Cause: err}
		}
	}
	return nil
}

func (s *settings) applyOne(name, text string) error {
	if reason := refusal(name, text); reason != "" {
		return fmt.Errorf("%s", reason)
	}
	option, known := options[name]
	switch {
	case known && text != "":
		o, err := option(text)
		if err != nil {
			return err
		}
		s.add(o)
	case known || elsewhere[name] || strings.HasPrefix(name, registryPrefix):
	default:
		s.notes = append(s.notes, name+": "+cmp.Or(inert[name], "not known, so it has no effect"))
	}
	return nil
}

// add files an option by the kind of client that it is for.
func (s *settings) add(o kgo.Opt) {
	switch o.(type) {
	case nil:
	case kgo.ProducerOpt:
		s.producing = append(s.producing, o)
	case kgo.ConsumerOpt, kgo.GroupOpt:
		s.consuming = append(s.consuming, o)
	default:
		s.common = append(s.common, o)
	}
}

// check finds combinations that Kafka does not have.
func (s *settings) check() error {
	strong := s.acks() == "all" && s.given["enable.idempotence"] != "false"
	switch {
	case !strong && s.given["transactional.id"] != "":
		return &protocols.InputError{Path: inputAdditional + ".transactional.id", Message: "a transaction needs acks=all and enable.idempotence=true"}
	case !strong && s.given["enable.idempotence"] == "true":
		return &protocols.InputError{Path: inputAdditional + ".enable.idempotence", Message: "it needs acks=all"}
	case !strong:
		s.producing = append(s.producing, kgo.DisableIdempotentWrite())
	}
	return nil
}

// acks is what confirms a message: all, 1 or 0.
func (s *settings) acks() string {
	if acks := s.given["acks"]; acks != "" && acks != "-1" {
		return acks
	}
	return "all"
}

// digest is equal for settings with which a connection may be shared.
func (s *settings) digest() string {
	texts := append([]string{s.login.Username, s.login.Password}, s.servers...)
	for _, name := range slices.Sorted(maps.Keys(s.given)) {
		texts = append(texts, name, s.given[name])
	}
	return queue.Digest(texts...)
}
