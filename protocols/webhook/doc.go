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
package webhook
