package kafka

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// option makes an option of our client of a property's text.
type option func(text string) (kgo.Opt, error)

// options are the properties of Kafka's Java client that have a counterpart. A
// nil option means the client's default.
var options = map[string]option{
	"client.id":                          text(kgo.ClientID),
	"client.rack":                        text(kgo.Rack),
	"connections.max.idle.ms":            millis(kgo.ConnIdleTimeout),
	"socket.connection.setup.timeout.ms": millis(kgo.DialTimeout),
	"metadata.max.age.ms":                millis(kgo.MetadataMaxAge),

	"acks":                   acks,
	"linger.ms":              millis(kgo.ProducerLinger),
	"compression.type":       compression,
	"delivery.timeout.ms":    millis(kgo.RecordDeliveryTimeout),
	"request.timeout.ms":     millis(kgo.ProduceRequestTimeout),
	"retries":                count(kgo.RecordRetries),
	"max.request.size":       bytes(kgo.ProducerBatchMaxBytes),
	"buffer.memory":          count(kgo.MaxBufferedBytes),
	"partitioner.class":      partitioner,
	"transactional.id":       text(kgo.TransactionalID),
	"transaction.timeout.ms": millis(kgo.TransactionTimeout),

	"isolation.level":               isolation,
	"fetch.min.bytes":               bytes(kgo.FetchMinBytes),
	"fetch.max.bytes":               bytes(kgo.FetchMaxBytes),
	"fetch.max.wait.ms":             millis(kgo.FetchMaxWait),
	"max.partition.fetch.bytes":     bytes(kgo.FetchMaxPartitionBytes),
	"group.instance.id":             text(kgo.InstanceID),
	"session.timeout.ms":            millis(kgo.SessionTimeout),
	"heartbeat.interval.ms":         millis(kgo.HeartbeatInterval),
	"max.poll.interval.ms":          millis(kgo.RebalanceTimeout),
	"partition.assignment.strategy": balancers,
}

// elsewhere are the properties that are read by name.
var elsewhere = map[string]bool{
	"enable.idempotence": true, "group.id": true, "allow.auto.create.topics": true,
	"security.protocol": true, "sasl.mechanism": true, "sasl.jaas.config": true, "sasl.oauthbearer.token.endpoint.url": true,
	"sasl.oauthbearer.client.credentials.client.id": true, "sasl.oauthbearer.client.credentials.client.secret": true, "sasl.oauthbearer.scope": true,
	"ssl.truststore.type": true, "ssl.truststore.certificates": true, "ssl.keystore.type": true, "ssl.keystore.key": true,
	"ssl.keystore.certificate.chain": true, "ssl.key.password": true, "ssl.endpoint.identification.algorithm": true,
	"key.serializer": true, "value.serializer": true, "key.deserializer": true, "value.deserializer": true,
	"basic.auth.credentials.source": true, "basic.auth.user.info": true, "bearer.auth.credentials.source": true, "bearer.auth.token": true,
	"auto.register.schemas": true, "use.latest.version": true,
}

// inert says why a property has no effect.
var inert = map[string]string{
	"bootstrap.servers":                     "the addresses are the property topic.bootstrapServers",
	"auto.offset.reset":                     "it is the property autoOffsetReset",
	"enable.auto.commit":                    "offsets are committed as messages are accepted",
	"auto.commit.interval.ms":               "offsets are committed every second",
	"max.poll.records":                      "consumption.maxInFlight bounds what is taken",
	"batch.size":                            "a batch has what waits while another one is under way, up to max.request.size",
	"max.block.ms":                          "the job's own time bounds the wait",
	"max.in.flight.requests.per.connection": "the client chooses it so that the order is kept",
	"client.dns.lookup":                     "all addresses of a name are tried",
	"default.api.timeout.ms":                "connecting takes 30 seconds at most",
	"reconnect.backoff.ms":                  "the client has a back-off of its own",
	"reconnect.backoff.max.ms":              "the client has a back-off of its own",
	"retry.backoff.ms":                      "the client has a back-off of its own",
	"retry.backoff.max.ms":                  "the client has a back-off of its own",
	"send.buffer.bytes":                     "the system chooses it",
	"receive.buffer.bytes":                  "the system chooses it",
	"metric.reporters":                      "metrics are patchbay's own",
	"metrics.recording.level":               "metrics are patchbay's own",
	"check.crcs":                            "checksums are always checked",
	"exclude.internal.topics":               "one topic is received, by its name",
	"ssl.protocol":                          "TLS 1.2 and 1.3 are spoken",
	"ssl.enabled.protocols":                 "TLS 1.2 and 1.3 are spoken",
	"ssl.cipher.suites":                     "the safe ones are offered",
	"sasl.login.callback.handler.class":     "tokens come from sasl.oauthbearer.token.endpoint.url or sasl.jaas.config",
	"value.subject.name.strategy":           "the subject is the topic's name and -value",
	"key.subject.name.strategy":             "keys have no schema",
	"specific.avro.reader":                  "values become JSON",
	"json.fail.invalid.schema":              "JSON values are not checked against their schema, which is the default in Java too",
}

// custom are properties that name Java classes or files of a Java client, and
// what to do instead.
var custom = map[string]string{
	"interceptor.classes":                "Java classes cannot be loaded",
	"ssl.truststore.location":            "give the certificates as PEM text in ssl.truststore.certificates",
	"ssl.keystore.location":              "give key and certificates as PEM text in ssl.keystore.key and ssl.keystore.certificate.chain",
	"sasl.client.callback.handler.class": "Java classes cannot be loaded; use sasl.jaas.config",
}

// serializers are those whose effect the schema strategies have, by the last
// part of their names.
var serializers = map[string]bool{
	"StringSerializer": true, "ByteArraySerializer": true, "KafkaAvroSerializer": true, "KafkaJsonSchemaSerializer": true,
}

// refusal says why a property cannot be had; it is empty if it can.
func refusal(name, value string) string {
	if reason := custom[name]; reason != "" && value != "" {
		return reason
	}
	switch class := value[strings.LastIndexByte(value, '.')+1:]; {
	case (name == "key.serializer" || name == "value.serializer") && value != "" && !serializers[class]:
		return fmt.Sprintf("the Java class %q cannot be loaded; schemaStrategy chooses how values are written", value)
	case (name == "value.subject.name.strategy") && value != "" && class != "TopicNameStrategy":
		return fmt.Sprintf("expected TopicNameStrategy but got %q", value)
	case (name == "ssl.truststore.type" || name == "ssl.keystore.type") && value != "" && !strings.EqualFold(value, "PEM"):
		return fmt.Sprintf("expected PEM but got %q", value)
	}
	return ""
}

func text[O kgo.Opt](make func(string) O) option {
	return func(text string) (kgo.Opt, error) { return make(text), nil }
}

func millis[O kgo.Opt](make func(time.Duration) O) option {
	return func(text string) (kgo.Opt, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt32 {
			return nil, fmt.Errorf("expected a number of milliseconds but got %q", text)
		}
		return make(time.Duration(n) * time.Millisecond), nil
	}
}

func count[O kgo.Opt](make func(int) O) option {
	return func(text string) (kgo.Opt, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("expected a number but got %q", text)
		}
		return make(n), nil
	}
}

// mostBatch is what our client writes in one request, in bytes.
const mostBatch = 100 << 20

func bytes[O kgo.Opt](make func(int32) O) option {
	return func(text string) (kgo.Opt, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("expected a number of bytes but got %q", text)
		}
		return make(int32(min(n, mostBatch))), nil
	}
}

// words makes an option that chooses one of a few by name.
func words[O any](what string, make func(O) kgo.Opt, choices map[string]O) option {
	return func(text string) (kgo.Opt, error) {
		choice, ok := choices[strings.ToLower(text[strings.LastIndexByte(text, '.')+1:])]
		if !ok {
			return nil, fmt.Errorf("expected %s but got %q", what, text)
		}
		return make(choice), nil
	}
}

var (
	acks = words("all, 1 or 0", func(a kgo.Acks) kgo.Opt { return kgo.RequiredAcks(a) }, map[string]kgo.Acks{
		"all": kgo.AllISRAcks(), "-1": kgo.AllISRAcks(), "1": kgo.LeaderAck(), "0": kgo.NoAck(),
	})
	compression = words("none, gzip, snappy, lz4 or zstd", func(c kgo.CompressionCodec) kgo.Opt { return kgo.ProducerBatchCompression(c) },
		map[string]kgo.CompressionCodec{
			"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
		})
	isolation = words("read_committed or read_uncommitted", func(l kgo.IsolationLevel) kgo.Opt { return kgo.FetchIsolationLevel(l) },
		map[string]kgo.IsolationLevel{"read_committed": kgo.ReadCommitted(), "read_uncommitted": kgo.ReadUncommitted()})
	partitioner = words("RoundRobinPartitioner, UniformStickyPartitioner or DefaultPartitioner", func(make func() kgo.Partitioner) kgo.Opt {
		return kgo.RecordPartitioner(make())
	}, map[string]func() kgo.Partitioner{
		"roundrobinpartitioner": kgo.RoundRobinPartitioner, "uniformstickypartitioner": kgo.StickyPartitioner,
		"defaultpartitioner": func() kgo.Partitioner { return kgo.StickyKeyPartitioner(nil) },
	})
)

// assignors are the ways in which a group shares partitions.
var assignors = map[string]func() kgo.GroupBalancer{
	"cooperativestickyassignor": kgo.CooperativeStickyBalancer, "stickyassignor": kgo.StickyBalancer,
	"rangeassignor": kgo.RangeBalancer, "roundrobinassignor": kgo.RoundRobinBalancer,
}

func balancers(text string) (kgo.Opt, error) {
	var list []kgo.GroupBalancer
	for name := range strings.SplitSeq(strings.Trim(text, "[]"), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		make, ok := assignors[name[strings.LastIndexByte(name, '.')+1:]]
		if !ok {
			return nil, fmt.Errorf("expected CooperativeStickyAssignor, StickyAssignor, RangeAssignor or RoundRobinAssignor but got %q", name)
		}
		list = append(list, make())
	}
	return kgo.Balancers(list...), nil
}
