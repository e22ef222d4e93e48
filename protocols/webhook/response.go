package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// response answers an event that was accepted. From here on nothing becomes an
// error for the caller, because his repetition would be a second event.
func (l *listener) response(ctx context.Context, r *request, c protocols.Correlation) *answer {
	source, bodyOnly := responseExpression(c.Properties, l.in)
	if source == "" {
		return empty
	}
	a, err := l.evaluateResponse(ctx, r, c, source, bodyOnly)
	if err != nil {
		l.note("ERROR", "Response", "evaluate inbound.responseExpression; the event was accepted, so the caller got 200: "+err.Error(), nil)
		return empty
	}
	return a
}

// responseExpression returns the expression of the element that was matched.
// bodyOnly is set for the older property that gives the body alone.
func responseExpression(properties map[string]any, otherwise *Inbound) (source string, bodyOnly bool) {
	source, legacy := otherwise.ResponseExpression, otherwise.ResponseBodyExpression
	if inbound, ok := properties["inbound"].(map[string]any); ok {
		source, _ = inbound["responseExpression"].(string)
		legacy, _ = inbound["responseBodyExpression"].(string)
	}
	if strings.TrimSpace(source) != "" {
		return source, false
	}
	return strings.TrimSpace(legacy), true
}

func (l *listener) evaluateResponse(ctx context.Context, r *request, c protocols.Correlation, source string, bodyOnly bool) (*answer, error) {
	event := r.value
	if r.stored != nil {
		event = r.stored
	}
	scope := make(map[string]any, len(event)+1)
	for name, value := range event {
		scope[name] = value
	}
	scope["correlation"] = correlationValue(c)
	value, err := l.host.Evaluate(ctx, source, scope)
	if err != nil {
		return nil, err
	}
	if bodyOnly {
		value = map[string]any{"body": value}
	}
	if value == nil {
		return empty, nil
	}
	return respond(value)
}

// correlationValue is what a response expression sees as correlation.
func correlationValue(c protocols.Correlation) map[string]any {
	out := map[string]any{"tenantId": c.TenantID, "activatedElement": map[string]any{
		"bpmnProcessId": c.Element.BpmnProcessID, "version": number(int64(c.Element.Version)),
		"processDefinitionKey": number(c.Element.ProcessDefinitionKey), "elementId": c.Element.ElementID,
		"elementName": c.Element.ElementName, "elementType": c.Element.ElementType, "tenantId": c.Element.TenantID,
	}}
	if c.ProcessInstanceKey != 0 {
		out["processInstanceKey"] = number(c.ProcessInstanceKey)
	}
	if c.MessageKey != 0 {
		out["messageKey"] = number(c.MessageKey)
	}
	if c.Variables != nil {
		out["variables"] = c.Variables
	}
	return out
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// respond makes an answer of an expression's result {body, headers, statusCode}.
// A text is sent as it is, any other body as JSON.
func respond(value any) (*answer, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("expected an object with body, headers and statusCode but got %T", value)
	}
	a := &answer{status: http.StatusOK, header: http.Header{}}
	var err error
	if a.status, err = statusCode(object["statusCode"]); err != nil {
		return nil, err
	}
	if err := setHeaders(a.header, object["headers"]); err != nil {
		return nil, err
	}
	contentType := ""
	switch body := object["body"].(type) {
	case nil:
	case string:
		a.body, contentType = []byte(body), "text/plain; charset=utf-8"
	default:
		contentType = "application/json"
		if a.body, err = httpx.EncodeJSON(body); err != nil {
			return nil, fmt.Errorf("encode the body: %w", err)
		}
	}
	if contentType != "" && a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", contentType)
	}
	return a, nil
}

// statusCode reads a status: a whole number from 200 to 599, 200 by default.
func statusCode(value any) (int, error) {
	if value == nil {
		return http.StatusOK, nil
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(fmt.Sprint(value)), 64)
	if err != nil || n != math.Trunc(n) || n < 200 || n > 599 {
		return 0, fmt.Errorf("expected a statusCode from 200 to 599 but got %v", value)
	}
	return int(n), nil
}

// forbidden are the headers that the server alone sets.
var forbidden = map[string]bool{
	"Connection": true, "Content-Length": true, "Keep-Alive": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true,
}

func setHeaders(header http.Header, value any) error {
	if value == nil {
		return nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("expected headers to be an object but got %T", value)
	}
	for name, value := range object {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if !httpguts.ValidHeaderFieldName(name) || forbidden[canonical] {
			return fmt.Errorf("the header %q cannot be set", name)
		}
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, item := range list {
			if err := addHeader(header, canonical, item); err != nil {
				return err
			}
		}
	}
	return nil
}

func addHeader(header http.Header, name string, value any) error {
	switch value.(type) {
	case nil:
		return nil
	case map[string]any, []any:
		return fmt.Errorf("expected the header %q to be a text but got %T", name, value)
	}
	text := fmt.Sprint(value)
	if !httpguts.ValidHeaderFieldValue(text) {
		return fmt.Errorf("the header %q has a value that no header can have", name)
	}
	header[name] = append(header[name], text)
	return nil
}
