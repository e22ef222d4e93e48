package rest

import (
	"patchbay/protocols/documents"
	"patchbay/protocols/httpx"
)

// Input are the inputs of the job type io.camunda:http-json:1.
type Input struct {
	Method          string             `bind:"method,required" enum:"GET POST PUT PATCH DELETE HEAD OPTIONS" default:"GET" doc:"HTTP method."`
	URL             string             `bind:"url,required" pattern:"^\\s*[hH][tT][tT][pP][sS]?://" expected:"an http(s) URL" doc:"URL to call. Path and query may be plain or encoded."`
	Headers         map[string]*string `bind:"headers" doc:"Request headers."`
	QueryParameters map[string]*string `bind:"queryParameters" doc:"Parameters to append to the query; null appends the bare name."`
	Body            any                `bind:"body" doc:"Request body of POST, PUT and PATCH: an object goes out as JSON, as a form or as multipart by its content type, a string as it is."`

	Authentication httpx.Auth        `bind:"authentication" doc:"How to authenticate."`
	Credential     *httpx.Credential `bind:"authenticationConfiguration" doc:"A shared credential; its authentication goes before the one given here."`
	ClientTLS      *httpx.TLS        `bind:"clientTls" doc:"Client certificate and trusted certificates."`

	ConnectSeconds *int `bind:"connectionTimeoutInSeconds" doc:"Seconds to wait for a connection; 20 by default, 0 for no limit."`
	ReadSeconds    *int `bind:"readTimeoutInSeconds" doc:"Seconds to wait for the whole answer; by default as long as for the connection, 0 for no limit."`

	SkipEncoding     string                 `bind:"skipEncoding" doc:"true sends the URL as it is given."`
	IgnoreNullValues bool                   `bind:"ignoreNullValues" doc:"Leaves null members out of the body."`
	FollowRedirects  bool                   `bind:"followRedirects" doc:"Follows redirects; credentials stay behind when one leaves the origin."`
	StoreResponse    bool                   `bind:"storeResponse" doc:"Stores the response body as a document."`
	ReturnFormat     documents.ReturnFormat `bind:"documentReturnFormat" doc:"What becomes of the response body."`
}

// hasBody reports whether the method sends a body.
func (in *Input) hasBody() bool {
	return in.Method == "POST" || in.Method == "PUT" || in.Method == "PATCH"
}

// auth returns the authentication that counts.
func (in *Input) auth() *httpx.Auth { return in.Credential.Choose(&in.Authentication) }

// answer says what becomes of the response.
func (in *Input) answer() documents.Answer {
	return documents.Answer{Format: in.ReturnFormat, Store: in.StoreResponse, StorePath: "storeResponse"}
}

// Validate checks what the tags cannot say.
func (in *Input) Validate() error { return httpx.CheckTimeouts(in.ConnectSeconds, in.ReadSeconds) }
