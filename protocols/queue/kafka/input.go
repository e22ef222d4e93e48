package kafka

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"patchbay/protocols"
	"patchbay/protocols/queue"
	"patchbay/protocols/value"
)

// cluster is where the brokers are and how to connect, in jobs and inbound
// connectors alike.
type cluster struct {
	Authentication login
	Topic          topic
	Credential     *credential
	Additional     any
}

type login struct {
	Username string `bind:"username" doc:"Name for SASL PLAIN over TLS; other mechanisms are properties of additionalProperties."`
	Password string `bind:"password,secret" doc:"Password for SASL PLAIN."`
}

type topic struct {
	Servers string `bind:"bootstrapServers" doc:"Addresses of brokers, host:port, separated by commas."`
	Name    string `bind:"topicName,required" doc:"Name of the topic."`
}

type credential struct {
	Servers  string `bind:"bootstrapServers" doc:"Addresses of brokers."`
	Username string `bind:"username" doc:"Name for SASL PLAIN over TLS."`
	Password string `bind:"password,secret" doc:"Password for SASL PLAIN."`
}

// login is the account; a shared credential goes before the one given.
func (c *cluster) login() login {
	if c.Credential != nil && c.Credential.Username != "" {
		return login{c.Credential.Username, c.Credential.Password}
	}
	return c.Authentication
}

func (c *cluster) servers() string {
	if c.Credential != nil {
		return cmp.Or(c.Credential.Servers, c.Topic.Servers)
	}
	return c.Topic.Servers
}

// strategy says how values are written.
type strategy struct {
	Type        string `bind:"type" enum:"noSchema inlineSchema schemaRegistry" default:"noSchema" doc:"noSchema: text as it is, anything else as JSON. inlineSchema: Avro without framing. schemaRegistry: Avro or JSON in the wire format of Confluent's registry."`
	Schema      any    `bind:"schema" doc:"The schema as text or as an object: Avro, or JSON Schema for the schema type json."`
	SchemaType  string `bind:"schemaType" enum:"avro json" default:"avro" doc:"Kind of the schema in the registry."`
	RegistryURL string `bind:"schemaRegistryUrl" doc:"Address of the schema registry."`
}

// former are the inputs by which earlier templates chose an inline schema.
type former struct {
	Serialization string
	Avro          *avroInput
}

type avroInput struct {
	Schema any `bind:"schema" doc:"The Avro schema, as earlier templates give it."`
}

const (
	noSchema       = "noSchema"
	inlineSchema   = "inlineSchema"
	schemaRegistry = "schemaRegistry"
)

// with returns the strategy that the current inputs choose, or else the former
// ones.
func (s strategy) with(f former) strategy {
	if s.Type == noSchema && f.Serialization == "avro" && f.Avro != nil {
		s.Type, s.Schema = inlineSchema, f.Avro.Schema
	}
	return s
}

// Input are the inputs of the job type io.camunda:connector-kafka:1.
type Input struct {
	Authentication login              `bind:"authentication" doc:"Account; empty for none."`
	Topic          topic              `bind:"topic,required" doc:"Where to publish."`
	Credential     *credential        `bind:"kafkaConnectionConfiguration" doc:"A shared credential; what it gives goes before the inputs."`
	Message        message            `bind:"message,required" doc:"What to publish."`
	Strategy       strategy           `bind:"schemaStrategy" doc:"How the value is written."`
	Headers        map[string]*string `bind:"headers" doc:"Headers of the message; null makes a header without a value."`
	Additional     any                `bind:"additionalProperties" doc:"Properties of Kafka's Java client by their names, as an object."`
	Serialization  string             `bind:"serializationType" enum:"json avro" doc:"How earlier templates chose Avro."`
	Avro           *avroInput         `bind:"avro" doc:"The schema of earlier templates."`
}

type message struct {
	Key   any `bind:"key" doc:"Key: text as it is, anything else as JSON; none without it."`
	Value any `bind:"value,required" doc:"Value, see schemaStrategy."`
}

func (in *Input) cluster() cluster {
	return cluster{in.Authentication, in.Topic, in.Credential, in.Additional}
}

// Properties are the properties of an element with inbound.type
// io.camunda:connector-kafka-inbound:1.
type Properties struct {
	AuthenticationType string      `bind:"authenticationType" enum:"credentials custom" default:"credentials" doc:"custom means that additionalProperties say how to log in."`
	Authentication     login       `bind:"authentication" doc:"Account; empty for none."`
	Topic              topic       `bind:"topic,required" doc:"Where to receive from."`
	Credential         *credential `bind:"kafkaConnectionConfiguration" doc:"A shared credential; what it gives goes before the properties."`
	Group              string      `bind:"groupId" doc:"Consumer group; by default one of the executable's own. additionalProperties may give group.id instead."`
	Additional         any         `bind:"additionalProperties" doc:"Properties of Kafka's Java client by their names, as an object."`
	Offsets            any         `bind:"offsets" doc:"An offset for each partition, as a list or as text such as 1,2: where the group begins."`
	OffsetReset        string      `bind:"autoOffsetReset" enum:"latest earliest none" default:"latest" doc:"Where a group begins that has committed nothing; none makes it an error."`
	Strategy           strategy    `bind:"schemaStrategy" doc:"How values are read."`
	Ordering           string      `bind:"ordering" enum:"partition key none" default:"partition" doc:"What is handled in order: the messages of a partition, those of a key, or nothing. partition by default."`
	Terms              queue.Terms `bind:"consumption" doc:"How messages are taken."`
	Serialization      string      `bind:"serializationType" enum:"json avro" doc:"How earlier templates chose Avro."`
	Avro               *avroInput  `bind:"avro" doc:"The schema of earlier templates."`
}

func (p *Properties) cluster() cluster {
	return cluster{p.Authentication, p.Topic, p.Credential, p.Additional}
}

// objectOf reads an object of texts: as it is, or as JSON. Members that are null
// are left out.
func objectOf(v any) (map[string]string, error) {
	if text, ok := v.(string); ok {
		if strings.TrimSpace(text) == "" {
			return nil, nil
		}
		read, err := lenient(text)
		if err != nil {
			return nil, errors.New("expected an object such as ={\"acks\": \"1\"}")
		}
		v = read
	}
	if v == nil {
		return nil, nil
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("expected an object such as ={\"acks\": \"1\"}")
	}
	out := make(map[string]string, len(object))
	for name, member := range object {
		text, err := scalar(member)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if member != nil {
			out[name] = text
		}
	}
	return out, nil
}

func scalar(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case map[string]any, []any:
		return "", errors.New("expected a text, a number or a boolean")
	}
	text, err := value.Append(nil, v)
	return string(text), err
}

// offsetsOf reads an offset for each partition: a list, or text such as "1,2" or
// "[1, 2]". It returns nil if there are none.
func offsetsOf(v any) ([]int64, error) {
	var texts []string
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if v = strings.Trim(strings.TrimSpace(v), "[]"); v == "" {
			return nil, nil
		}
		texts = strings.Split(v, ",")
	case []any:
		for _, item := range v {
			text, err := scalar(item)
			if err != nil {
				return nil, wrongOffsets(err)
			}
			texts = append(texts, text)
		}
	default:
		text, err := scalar(v)
		if err != nil {
			return nil, wrongOffsets(err)
		}
		texts = []string{text}
	}
	return parseOffsets(texts)
}

func parseOffsets(texts []string) (list []int64, err error) {
	for _, text := range texts {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || n < 0 {
			return nil, wrongOffsets(fmt.Errorf("%q is no offset", strings.TrimSpace(text)))
		}
		list = append(list, n)
	}
	return list, nil
}

func wrongOffsets(cause error) error {
	return &protocols.InputError{Path: "offsets", Message: fmt.Sprintf("expected a number for each partition, such as =[10, 20]: %s", cause), Cause: cause}
}

// schemaText is a schema as its author gives it: JSON text, or an object.
func schemaText(v any) (string, error) {
	text, ok := v.(string)
	if !ok && v != nil {
		content, err := json.Marshal(v)
		if err != nil {
			return "", err
		}
		text = string(content)
	}
	if strings.TrimSpace(text) == "" {
		return "", &protocols.InputError{Path: "schemaStrategy.schema", Message: "is required, but is empty"}
	}
	return text, nil
}
