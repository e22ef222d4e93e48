// Package webhook is the inbound connector that HTTP requests to
// /inbound/{path} arrive at: Camunda's io.camunda:webhook:1 and what it lacks.
//
// A request goes through these steps, each with a file of its own:
//
//	mux          find the listeners of the path, bound what is in flight, read the body
//	challenge    a verification expression may answer the caller, and nothing else
//	method       405
//	signature    Camunda's HMAC and the schemes of the table in schemes.go: 401
//	auth         basic, API key, JWT: 401, missing permissions 403
//	body         by content type: 400, 413, 415
//	correlate    the engine's handler: status of its outcome, see status.go
//	response     the matched element's response expression
//
// # Shared paths
//
// Several elements, versions, processes and tenants may use one path. A
// listener that refuses the method, the credentials or, by its activation
// conditions, the event leaves the request to the next one; the first that takes
// it answers. Elements that continue an instance come before those that start
// one, newer versions before older ones. If nobody takes the request, the answer
// is the refusal that got furthest. A listener whose elements belong to a tenant
// is served at /inbound/{tenant}/{path} as well, for that tenant alone.
//
// # Answers
//
// Refusals and errors are problem details (RFC 9457, application/problem+json)
// with the members title, status, detail and, for programs, reason; the two
// members of Camunda's bodies that callers test, reason and consumeUnmatched,
// keep their names. A workflow engine that is away is 503 with Retry-After, so
// that the caller sends the event again. Once the engine has accepted the event
// the answer is never an error: a response expression that fails after that is
// noted in the executable's activity and the caller gets 200 with no body, since
// a repetition would start a second instance.
//
// # Differences from Camunda's webhook
//
// Camunda's templates run unchanged. Where its webhook (8.8, 8.10) behaves in a
// way that looks like an accident, this one does not follow it:
//
//   - A path that several executables use is shared instead of queued.
//   - PATCH is a method too; other methods are 405 instead of 500.
//   - A verification expression that fails answers nothing and is noted; the
//     request goes on. Camunda refuses the request with 422.
//   - Whatever is wrong with a signature, a password, a key or a token is 401,
//     never 500. Keys that cannot be fetched are 503. A token's issuer and
//     audience can be required.
//   - A header that carries credentials and comes twice is refused.
//   - Of headers and parameters that come twice the first counts, as in Camunda;
//     all values are in request.repeated, which is there only then.
//   - Text is taken as it is and binary becomes a document. A form may have
//     parameters in its content type, repeated names become lists, and escaped
//     "&" and "=" belong to their value. Multipart fields are in the body, files
//     under their field's name and in documents; an HMAC covers the bytes.
//   - An HMAC over the URL looks for the URL as the caller saw it: the configured
//     one, that of the request, and that of the forwarding headers. Parameters
//     are tried as they came, and sorted by name.
//   - Texts in responses are not escaped as HTML.
//   - responseBodyExpression still works; Camunda 8.10 refuses it.
//   - correlation.activatedElement is the element itself.
//   - Deliveries with an id of their own (Standard Webhooks, GitHub, Shopify)
//     have it as their message id, and are handled once: for twice the time
//     tolerance at least a repetition is answered with 200 and does nothing.
package webhook
