// Package httpx is the HTTP side that protocols share: a guarded dialer, a
// pooled transport with client certificates, proxies and stubs, the rules for
// time-outs, redirects, sizes and content encodings, authentication, the
// encoding of URLs, and errors with the codes that error expressions test.
//
// A protocol opens one Client from its Host, puts the Options of a call into
// the context and sends requests through Client.HTTP with whatever HTTP library
// it uses. Answers come back read whole, within the host's limits, so nobody
// above has to think about slow or endless bodies.
package httpx
