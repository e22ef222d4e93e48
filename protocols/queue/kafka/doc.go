// Package kafka publishes to and receives from topics of Apache Kafka: the job
// type io.camunda:connector-kafka:1 and the inbound type
// io.camunda:connector-kafka-inbound:1, with the inputs, properties, results and
// error codes that Camunda's connectors have.
//
// The response is {topic, timestamp, offset, partition, confirmed}. Whatever goes
// wrong has the code FAIL, and the variable kafkaError says which of Kafka's
// errors it was. The event is {key, rawValue, value, headers, topic, partition,
// offset, timestamp}, and its message id topic-partition-offset.
//
// # Properties of the Java client
//
// additionalProperties name properties of Kafka's Java client. Those that have a
// counterpart have their effect: client.id, client.rack, acks, linger.ms,
// compression.type, delivery.timeout.ms, request.timeout.ms, retries,
// max.request.size, buffer.memory, enable.idempotence, transactional.id and
// transaction.timeout.ms for publishing; group.id, group.instance.id,
// isolation.level, session.timeout.ms, heartbeat.interval.ms,
// max.poll.interval.ms, partition.assignment.strategy and fetch.* for receiving;
// security.protocol, sasl.mechanism (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512,
// OAUTHBEARER), sasl.jaas.config, sasl.oauthbearer.token.endpoint.url,
// sasl.oauthbearer.scope, ssl.truststore.certificates, ssl.keystore.key,
// ssl.keystore.certificate.chain and ssl.key.password (PEM text) for the
// connection; basic.auth.user.info, basic.auth.credentials.source,
// bearer.auth.token, auto.register.schemas and use.latest.version for a schema
// registry. Others have no effect: the executable's activity, or the log, says
// why. What cannot be had, such as a serializer in Java or a file with
// certificates, is refused.
//
// # Receiving
//
// A message is acknowledged once its correlation is accepted, and the group
// commits an offset, within a second, when everything before it in its partition
// is acknowledged. Nothing is lost when a group is shared anew or a process or
// broker restarts; what had been handled but not committed comes again with the
// same message id, which the workflow engine recognises within the TTL. A
// partition that goes to another consumer is kept for up to five seconds until
// its messages are done.
//
// A consumer is a static member of its group, under an instance id that
// patchbay makes. When the brokers go away so that it cannot leave, the next one
// of the same process takes its place at once; after a crash the group gives its
// partitions to others when its session ends. group.instance.id names another
// instance id, which then never leaves.
//
// The property ordering says what is handled one by one: the messages of a
// partition (by default), those of a key, or nothing.
//
// # Differences from Camunda's connectors
//
// Where Camunda's connectors (8.8, 8.10) behave in a way that looks like an
// accident, these do not follow them:
//
//   - Producers are kept and shared by jobs with the same configuration, and the
//     response has confirmed.
//   - A job without a key publishes a message without one, not one with the key
//     "null". A header that is null has no value instead of failing the job.
//   - transactional.id publishes each message in a transaction of its own.
//   - The former inputs serializationType and avro.schema still choose an inline
//     Avro schema.
//   - Members that an Avro schema lacks are left out with an inline schema too.
//   - A message that can never be accepted, or whose Avro cannot be read, becomes
//     a dead letter instead of blocking its partition for ever or having a null
//     value. A failure that may pass is tried again in place, without the rest
//     of a batch.
//   - The offsets given are where a group begins, once: they are not sought again
//     after a restart or when the group is shared anew. Other offsets are sought
//     once again. What a group has sought is in its commits' metadata.
//   - autoOffsetReset latest commits the end of each partition at once, so that
//     what comes before the first message is handled is not missed. A group whose
//     offset the broker has deleted goes on at the first one there is, not at the
//     end.
//   - A topic that does not exist is an error, and is looked for again, unless
//     allow.auto.create.topics is true. Publishing makes it if the broker does.
//   - The default group is kafka-inbound-connector- and a name that stays when the
//     process changes, unless the connector's own properties do, not its
//     deduplication id.
//   - Values that are no UTF-8 are in base64. Avro's bytes are in base64 and
//     decimals are numbers; values of other logical types are as written.
//   - Groups use cooperative sticky assignment unless
//     partition.assignment.strategy names others.
//   - The connection is DOWN when no broker has answered for ten seconds.
package kafka
