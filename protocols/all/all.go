// Package all lists the protocols that patchbay speaks. It is the only place
// that names them.
package all

import (
	"patchbay/protocols"
	"patchbay/protocols/graphql"
	"patchbay/protocols/message"
	"patchbay/protocols/polling"
	"patchbay/protocols/queue/amqp"
	"patchbay/protocols/queue/kafka"
	"patchbay/protocols/queue/memory"
	"patchbay/protocols/queue/mqtt"
	"patchbay/protocols/queue/nats"
	"patchbay/protocols/rest"
	"patchbay/protocols/webhook"
)

// Protocols returns every protocol, in the order of the documentation.
func Protocols() []protocols.Protocol {
	return []protocols.Protocol{
		rest.Protocol(),
		graphql.Protocol(),
		message.Protocol(),
		webhook.Protocol(),
		polling.Protocol(rest.Protocol()),
		memory.Protocol(),
		amqp.Protocol(),
		kafka.Protocol(),
		nats.Protocol(),
		mqtt.Protocol(),
	}
}
