package main

type section struct {
	title   string
	figures []figure
}

// withJava is the title of what cannot be measured without Java, and recorded
// what is shown then.
const (
	withJava = "Pipeline, FEEL expressions, beside Camunda's Java runtime 8.8.7"
	recorded = "recorded, warm, two cores: 440 to 656 jobs/s, 1,500 to 2,000 µs CPU a job, 548 to 1,097 MB"
)

// sections are all that is promised, in the order of the table.
var sections = []section{
	{"Command", []figure{
		{title: "run an example, wall time, median of 20", of: "Command/run median-ms", than: 150, unit: "ms"},
		{title: "serve until ready, median", of: "Command/serve median-ms", than: 300, unit: "ms"},
		{title: "serve, resident idle", of: "Command/serve rss-MB", than: 60, unit: "MB"},
	}},
	{"Embedded engine", []figure{
		{title: "service-task instances end to end", of: "Instances instances/s", more: true, than: 5000, unit: "/s"},
	}},
	{"Pipeline, FEEL expressions, beside the hand-written worker", pipeline("feel")},
	{"Pipeline, jq expressions, beside the hand-written worker", pipeline("jq")},
	{"Pipeline, result variable, beside the hand-written worker", pipeline("variable")},
	{withJava, []figure{
		{title: "jobs/s, of the Java runtime's", of: "Java/patchbay jobs/s", over: "Java/java jobs/s", how: ratio, more: true, than: 8},
		{title: "CPU a job, of the Java runtime's", of: "Java/patchbay cpu-µs/job", over: "Java/java cpu-µs/job", how: ratio, than: 0.125,
			also: []string{"Java/patchbay rss-MB", "Java/java rss-MB"}},
	}},
	{"Pipeline, targets", []figure{
		{title: "target of 50 ms, 100 in flight", of: "Waiting/patchbay jobs/s", more: true, than: 1900, unit: "jobs/s", also: []string{"Waiting/hand-written jobs/s"}},
		{title: "p99 while another connector hangs", of: "SlowTarget/hanging-5000 p99-µs", over: "SlowTarget/hanging-0 p99-µs", how: ratio, than: 1.5},
	}},
	{"FEEL, one core", []figure{
		{title: "order.customer.name", of: "Path evals/s", more: true, than: 5e6, unit: "/s"},
		{title: "if a > 1 then b else c", of: "If evals/s", more: true, than: 3e6, unit: "/s"},
		{title: "items[price > 10], ten items", of: "Filter evals/s", more: true, than: 5e5, unit: "/s"},
		{title: "context literal with a sum", of: "ContextWithSum evals/s", more: true, than: 4e5, unit: "/s"},
		{title: "parse a result expression", of: "Parse ns/op", than: 5, unit: "µs", scale: 1e-3},
	}},
	{"Webhook to created instance, 16 connections", []figure{
		{title: "requests, of the bare handler's", of: "Webhook/patchbay requests/s", over: "Webhook/hand-written requests/s", how: ratio, more: true, than: 0.7,
			also: []string{"Webhook/patchbay cpu-µs/request", "Webhook/patchbay rss-MB"}},
		{title: "p99 at half the load", of: "Webhook/patchbay half-p99-ms", than: 20, unit: "ms", also: []string{"Webhook/hand-written half-p99-ms"}},
		{title: "deployment to active, embedded, longest", of: "Deployed/embedded longest-ms", than: 100, unit: "ms"},
		{title: "deployment to active, proxy, longest", of: "Deployed/proxy longest-ms", than: 100, unit: "ms"},
		{title: "2,000 elements in 500 definitions active", of: "Activate seconds", than: 3, unit: "s"},
		{title: "resident with them", of: "Activate rss-MB", than: 150, unit: "MB"},
	}},
	{"Catalog of 10,000 templates", []figure{
		{title: "search for a text", of: "Search/text ns/op", than: 20, unit: "ms", scale: 1e-6, also: []string{"Search/none ns/op"}},
		{title: "search for a version of Camunda", of: "Search/engine ns/op", than: 20, unit: "ms", scale: 1e-6},
		{title: "the last page of all", of: "Search/last-page ns/op", than: 20, unit: "ms", scale: 1e-6},
	}},
	{"Subscription to published message, 32 in hand", []figure{
		{title: "messages, of the hand-written consumer's", of: "Subscription/patchbay messages/s", over: "Subscription/hand-written messages/s", how: ratio, more: true, than: 0.6,
			also: []string{"Subscription/patchbay cpu-µs/message", "Subscription/patchbay rss-MB"}},
	}},
	{"Real brokers", []figure{
		{title: "RabbitMQ, published, of a connection for each message", of: "RabbitmqPublish/pooled_and_confirmed messages/s", over: "RabbitmqPublish/a_connection_each messages/s", how: ratio, more: true, than: 10},
		{title: "RabbitMQ, received, of the hand-written consumer's", of: "RabbitmqReceive/engine messages/s", over: "RabbitmqReceive/by_hand messages/s", how: ratio, more: true, than: 0.6},
		{title: "RabbitMQ, heap added by a million messages", of: "RabbitmqMemory late-MB", than: 8, unit: "MB"},
		{title: "Kafka, published, of a producer for each message", of: "KafkaPublish/pooled messages/s", over: "KafkaPublish/one-each messages/s", how: ratio, more: true, than: 10},
		{title: "Kafka, received, of the hand-written consumer's", of: "KafkaReceive/patchbay-partition messages/s", over: "KafkaReceive/hand-written messages/s", how: ratio, more: true, than: 0.6},
		{title: "Kafka, heap after a million messages, of that early on", of: "KafkaMemory late-MB", over: "KafkaMemory early-MB", how: ratio, than: 1.5},
	}},
}

// pipeline are the figures of one way to write the mapping.
func pipeline(name string) []figure {
	const hand = "Pipeline/hand-written "
	own := "Pipeline/" + name + " "
	return []figure{
		{title: "jobs/s, of the hand-written worker's", of: own + "jobs/s", over: hand + "jobs/s", how: ratio, more: true, than: 0.8},
		{title: "CPU a job, of the hand-written worker's", of: own + "cpu-µs/job", over: hand + "cpu-µs/job", how: ratio, than: 1.25},
		{title: "CPU added to a job", of: own + "cpu-µs/job", over: hand + "cpu-µs/job", how: difference, than: 40, unit: "µs"},
		{title: "resident at that load", of: own + "rss-MB", than: 60, unit: "MB"},
	}
}
