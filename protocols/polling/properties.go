package polling

import (
	"time"

	"github.com/robfig/cron/v3"

	"patchbay/protocols"
)

// Properties are the properties of an element with inbound.type
// io.camunda:http-polling:1, as they are written: texts that begin with "=" are
// expressions, which are evaluated for each request.
type Properties struct {
	Method          any `bind:"method" doc:"HTTP method; GET by default."`
	URL             any `bind:"url,required" doc:"URL to poll."`
	Headers         any `bind:"headers" doc:"Request headers."`
	QueryParameters any `bind:"queryParameters" doc:"Parameters to append to the query."`
	Body            any `bind:"body" doc:"Request body."`

	Authentication any `bind:"authentication,secret" doc:"How to authenticate, as for the REST protocol."`
	Credential     any `bind:"authenticationConfiguration,secret" doc:"A shared credential."`
	ClientTLS      any `bind:"clientTls,secret" doc:"Client certificate and trusted certificates."`

	ConnectSeconds  any `bind:"connectionTimeoutInSeconds" doc:"Seconds to wait for a connection; 20 by default."`
	ReadSeconds     any `bind:"readTimeoutInSeconds" doc:"Seconds to wait for the whole answer; 20 by default."`
	SkipEncoding    any `bind:"skipEncoding" doc:"true sends the URL as it is given."`
	FollowRedirects any `bind:"followRedirects" doc:"Follows redirects."`
	StoreResponse   any `bind:"storeResponse" doc:"Stores the response body as a document."`
	ReturnFormat    any `bind:"documentReturnFormat" doc:"What becomes of the response body."`

	Interval     any `bind:"httpRequestInterval" doc:"Time between two requests, ISO 8601; PT50S by default."`
	ScanInterval any `bind:"processPollingInterval" doc:"Time between two looks for waiting instances, ISO 8601; PT5S by default."`

	Schedule         string `bind:"schedule" doc:"Start events: when to poll, as cron expression with five fields or @hourly and the like, in UTC unless it begins with CRON_TZ=; by default every httpRequestInterval."`
	ItemsExpression  string `bind:"itemsExpression" doc:"Start events: the list of items in the response; by default the response is the only item."`
	ItemIDExpression string `bind:"itemIdExpression" doc:"Start events: an item's unique id; by default a hash of the item."`
	CursorExpression string `bind:"cursorExpression" doc:"Start events: the cursor for the next request, over the response, items and cursor; evaluated once all items were accepted."`
	MoreExpression   string `bind:"moreExpression" doc:"Start events: true if the next request is to be made at once, over the response, items and the new cursor."`
	InitialCursor    any    `bind:"initialCursor" doc:"Start events: the cursor of the very first request; null by default."`
}

// Validate checks the schedule, which is not an expression.
func (p *Properties) Validate() error {
	if p.Schedule == "" {
		return nil
	}
	if _, err := cron.ParseStandard(p.Schedule); err != nil {
		return &protocols.InputError{Path: "schedule", Message: "expected a cron expression such as \"*/5 * * * *\": " + err.Error(), Cause: err}
	}
	return nil
}

// request returns the properties that the request is made of.
func (p *Properties) request() map[string]any {
	all := map[string]any{
		"method": p.Method, "url": p.URL, "headers": p.Headers, "queryParameters": p.QueryParameters, "body": p.Body,
		"authentication": p.Authentication, "authenticationConfiguration": p.Credential, "clientTls": p.ClientTLS,
		"connectionTimeoutInSeconds": p.ConnectSeconds, "readTimeoutInSeconds": p.ReadSeconds, "skipEncoding": p.SkipEncoding,
		"followRedirects": p.FollowRedirects, "storeResponse": p.StoreResponse, "documentReturnFormat": p.ReturnFormat,
	}
	for name, value := range all {
		if value == nil || value == "" {
			delete(all, name)
		}
	}
	return all
}

// The defaults of the times, those of Camunda's templates, and what bounds how
// often anything is asked for.
const (
	defaultInterval = 50 * time.Second
	defaultScan     = 5 * time.Second
	shortest        = 100 * time.Millisecond
)
