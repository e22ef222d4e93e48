// Package rest calls HTTP APIs: the job type io.camunda:http-json:1, with the
// inputs, results and error codes that Camunda's HTTP connector has.
//
// The response is {status, headers, body, reason, document}. Any status below
// 400 is a success. A status of 400 or more is an error with the status as its
// code, the reason phrase as its message and {response: {headers, body}} as its
// variables. The list of codes, Protocol.Codes, names what else there is.
//
// # Differences from Camunda's connector
//
// Where Camunda's connector (8.8, 8.10) behaves in a way that looks like an
// accident, this one does not follow it:
//
//   - HEAD and OPTIONS are methods too. A call without a method is a GET
//     instead of failing the job.
//   - The connection time-out bounds connecting, not only waiting for a free
//     connection. The read time-out bounds the whole answer, not each part of
//     it, so a server that drips cannot hold a job.
//   - Nothing is repeated in silence on 429, 503 or a broken connection; a retry
//     is what the input callPolicy.retry asks for.
//   - Authentication replaces a header of the same name, such as Authorization,
//     that is given as well, instead of sending two.
//   - A token is kept for as long as its answer says. An answer without a token
//     is the error OAUTH_TOKEN_ERROR.
//   - A token that a server refuses with 401 is fetched anew, once, if it came
//     from the cache; a rotated refresh token is kept; expires_in may be a
//     string.
//   - A redirect to another origin is followed without credentials, which
//     includes API keys and cookies, instead of being refused or followed with
//     them.
//   - Header names of the response are in canonical form (Content-Type, Etag).
//   - The response's charset counts, and a byte order mark is dropped, so such
//     JSON is parsed.
//   - JSON with more text after it, as in NDJSON, stays text instead of losing
//     all but its first line.
//   - An error's body that is a JSON array stays one, as in 8.8; later versions
//     unwrap or lose it. An empty one is "", as in 8.10.
//   - A 304 is a response with null body like any other status.
//   - With the return format JSON an empty body is null, and what is no JSON
//     stays text, instead of failing the job.
//   - In a form a list becomes one field for each item and an object its JSON
//     text; null is a field without a value. In multipart the same holds, null
//     is left out, and text is UTF-8.
//   - Documents count wherever they are in the body, in lists and as the whole
//     body too.
//   - A user's Content-Length and other headers of the transport are ignored
//     instead of failing the call.
//   - The parameters of a URL keep their order.
//   - A 403 whose headers say that a rate limit is used up is temporary.
//   - A percent sign that begins no escape is encoded, and bytes that are no
//     UTF-8 stay as they are escaped.
//   - A URL may have blanks around it and capitals in its scheme.
//   - Header values are in ISO-8859-1, as there, but in UTF-8 if they need to be,
//     and a line break in one fails the job instead of becoming a blank.
//   - HTTP/2 and brotli are spoken, connections are kept and shared by jobs, and
//     the header User-Agent is patchbay unless one is given.
//   - Bodies have size limits in both directions. Answers of more than 64 KiB
//     share a budget of memory (--answer-memory): calls queue for it once the
//     answer is there, by about what it takes decoded, so that many of them
//     cannot fill the memory, and one that would take more than all of it is
//     the error RESPONSE_TOO_LARGE. An error's body of more than 256 KiB stays
//     text.
//   - The return formats JSON and TEXT have that limit instead of 1.5 MiB, so a
//     mapping can pick from a larger response; what a job completes with is
//     limited by the engine.
//   - The dial guard is always on and holds for redirects, token endpoints and
//     external documents too; there is no block list of URL texts.
//   - Proxies are those of HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
//   - getJson takes a path of names instead of any FEEL expression.
package rest
