package graphql

import (
	"patchbay/protocols"
	"patchbay/protocols/documents"
	"patchbay/protocols/httpx"
)

// Input are the inputs of the job type io.camunda:connector-graphql:1.
type Input struct {
	GraphQL        operation              `bind:"graphql,required" doc:"The operation and where to send it."`
	Authentication httpx.Auth             `bind:"authentication" doc:"How to authenticate."`
	Credential     *httpx.Credential      `bind:"authenticationConfiguration" doc:"A shared credential; its authentication goes before the one given here."`
	ClientTLS      *httpx.TLS             `bind:"clientTls" doc:"Client certificate and trusted certificates."`
	ReturnFormat   documents.ReturnFormat `bind:"documentReturnFormat" doc:"What becomes of the response body."`
}

type operation struct {
	Method         string             `bind:"method" enum:"GET POST" default:"GET" doc:"HTTP method. Mutations need POST."`
	URL            string             `bind:"url,required" pattern:"^\\s*[hH][tT][tT][pP][sS]?://" expected:"an http(s) URL" doc:"URL of the GraphQL endpoint."`
	Headers        map[string]*string `bind:"headers" doc:"Request headers."`
	Query          string             `bind:"query,required" doc:"The GraphQL document."`
	Variables      map[string]any     `bind:"variables" doc:"Values of the operation's variables."`
	OperationName  string             `bind:"operationName" doc:"Which operation of the document to execute, if it has several."`
	AcceptPartial  bool               `bind:"acceptPartialData" doc:"Takes an answer that has both data and errors for a success."`
	ConnectSeconds *int               `bind:"connectionTimeoutInSeconds" doc:"Seconds to wait for a connection; 20 by default, 0 for no limit."`
	ReadSeconds    *int               `bind:"readTimeoutInSeconds" doc:"Seconds to wait for the whole answer; by default as long as for the connection, 0 for no limit."`
	StoreResponse  bool               `bind:"storeResponse" doc:"Stores the response body as a document."`
}

func (in *Input) options(call protocols.Call) *httpx.Options {
	o := &httpx.Options{Observe: call.Observe, StatusOnly: call.StatusOnly, Turn: call.Turn}
	o.Connect, o.Read = httpx.Timeouts(in.GraphQL.ConnectSeconds, in.GraphQL.ReadSeconds)
	if !in.ClientTLS.Empty() {
		o.TLS = in.ClientTLS
	}
	return o
}

// auth returns the authentication that counts.
func (in *Input) auth() *httpx.Auth { return in.Credential.Choose(&in.Authentication) }

// answer says what becomes of the response.
func (in *Input) answer() documents.Answer {
	return documents.Answer{Format: in.ReturnFormat, Store: in.GraphQL.StoreResponse, StorePath: "graphql.storeResponse"}
}

// Validate checks what the tags cannot say.
func (o *operation) Validate() error { return httpx.CheckTimeouts(o.ConnectSeconds, o.ReadSeconds) }
