// Package polling is the inbound connector that asks HTTP APIs again and again:
// Camunda's io.camunda:http-polling:1, and the polled start that it lacks.
//
// # Catch, boundary and receive
//
// For every instance that waits at the element, a request of its own is made at
// once and then every httpRequestInterval. All properties are evaluated for each
// request over the instance's variables. The response {status, headers, body,
// reason, document} is the event; typically an activation condition says when it
// is the one that was waited for. The message id is the element's id followed by
// the element instance's key, so an instance continues once, however many
// replicas or polls see the answer. Instances are looked for every
// processPollingInterval.
//
// # Start and message start
//
// One request is made by a cron schedule or every httpRequestInterval. Its
// properties see the variable cursor. The items that itemsExpression finds in the
// response (the response itself without it) become events one by one:
// {item, status, headers, reason}. Each has an id, from itemIdExpression or, by
// default, a hash of its JSON; an item is handed on once. After all items were
// accepted, cursorExpression makes the next cursor. It and the ids last are kept
// in the element's durable state, which new versions of the process go on with.
// It is written after every item, so that a crash repeats at most the item that
// was being handed on; its message id makes that harmless for a message start
// event, while a plain start event knows no message ids and could start twice.
//
// # Errors
//
// A request that fails is noted in the activity and made again after the
// interval, doubled with each failure up to a quarter of an hour, or when the
// server said so. An event that the engine does not accept for the moment is
// asked for again in the same way; one that it will never accept is not.
package polling
