package conformance

import (
	"os"
	"strings"
	"testing"
)

// difference is a case in which patchbay does something else than the runtime
// that was recorded, on purpose.
type difference struct {
	// Reason is a sentence of the documentation (see documented).
	Reason string
	// Want is what is expected instead, in the form of the recordings; "(any)"
	// stands for any text.
	Want string
}

// differences are the cases with another outcome, by name.
var differences = map[string]difference{
	"rest-form": {
		`In a form a list becomes one field for each item and an object its JSON text; null is a field without a value.`,
		`{"requests": [{"method": "POST", "path": "/api.example.com/form", "headers": {"content-type": ["application/x-www-form-urlencoded"]},
			"body": "dec=1.5&empty=&flag=true&list=1&list=b&n=3&name=J%C3%B6rg+%26+S%C3%B6hne&nested=%7B%22a%22%3A1%7D&nothing=&plus=1%2B1%3D2"}],
		"output": {"res": {"status": 200, "headers": {"Content-Length": "2"}, "body": "ok", "reason": "OK", "document": null}},
		"variables": {"res": {"status": 200, "headers": {"Content-Length": "2"}, "body": "ok", "reason": "OK", "document": null}}}`,
	},
	"rest-result-no-equals": {
		`An expression without a leading "=" is jq.`,
		`{"requests": [], "error": {
			"failures": [{"retries": 0, "errorMessage": "(any)", "variables": {"error": {
				"type": "io.camunda.connector.api.error.ConnectorInputException", "message": "(any)"}}}],
			"incident": {"errorType": "JOB_NO_RETRIES", "elementId": "connector",
				"errorMessage": "(any)"}}}`,
	},
	"rest-404-job-error": {
		`jobError keeps its variables.`,
		`{"requests": [{"method": "GET", "path": "/api.example.com/e", "headers": {}}],
		"error": {"failures": [{"retries": 2, "errorMessage": "custom failure", "retryBackoffMs": 10000,
			"variables": {"error": "custom failure", "reason": "NO_ITEM"}}]}}`,
	},
	"rest-404-ignore-error": {
		`ignoreError is a function, and bpmnError takes a code alone.`,
		`{"requests": [{"method": "GET", "path": "/api.example.com/e", "headers": {}}],
		"output": {"found": false, "why": "Not Found"}, "variables": {"found": false, "why": "Not Found"}}`,
	},
	"rest-404-ignore-error-empty": {
		`ignoreError is a function, and bpmnError takes a code alone.`,
		`{"requests": [{"method": "GET", "path": "/api.example.com/e", "headers": {}}], "output": {}, "variables": {}}`,
	},
	"rest-success-ignore-error": {
		`ignoreError is a function, and bpmnError takes a code alone.`,
		`{"requests": [{"method": "GET", "path": "/api.example.com/e", "headers": {}}], "output": {"only": 1}, "variables": {"only": 1}}`,
	},
	"rest-404-bpmn-error-1arg-literal": {
		`ignoreError is a function, and bpmnError takes a code alone.`,
		`{"requests": [{"method": "GET", "path": "/api.example.com/e", "headers": {}}], "variables": {}, "caught": true,
		"bpmnErrorDetail": {"errorCode": "NF", "errorMessage": "", "variables": {}}}`,
	},
	"rest-503-retry-after": {
		`Nothing is repeated in silence on 429, 503 or a broken connection; a retry is what the input callPolicy.retry asks for.`,
		`{"requests": [{"method": "GET", "path": "/api.example.com/e", "headers": {}}], "error": {
			"failures": [{"retries": 0, "errorMessage": "Service Unavailable", "variables": {"error": {
				"type": "io.camunda.connector.api.error.ConnectorException", "code": "503", "message": "Service Unavailable",
				"variables": {"response": {"headers": {"Content-Length": "4", "Retry-After": "1"}, "body": "busy"}}}}}],
			"incident": {"errorType": "JOB_NO_RETRIES", "errorMessage": "Service Unavailable", "elementId": "connector"}}}`,
	},
	"rest-503-always-post": {
		`Nothing is repeated in silence on 429, 503 or a broken connection; a retry is what the input callPolicy.retry asks for.`,
		`{"requests": [{"method": "POST", "path": "/api.example.com/e", "headers": {"content-type": ["application/json"]}, "body": "{\"a\":1}"}], "error": {
			"failures": [{"retries": 0, "errorMessage": "Service Unavailable", "variables": {"error": {
				"type": "io.camunda.connector.api.error.ConnectorException", "code": "503", "message": "Service Unavailable",
				"variables": {"response": {"headers": {"Content-Length": "4"}, "body": "busy"}}}}}],
			"incident": {"errorType": "JOB_NO_RETRIES", "errorMessage": "Service Unavailable", "elementId": "connector"}}}`,
	},
	"rest-429-always": {
		`Nothing is repeated in silence on 429, 503 or a broken connection; a retry is what the input callPolicy.retry asks for.`,
		`{"requests": [{"method": "GET", "path": "/api.example.com/e", "headers": {}}], "error": {
			"failures": [{"retries": 0, "errorMessage": "Too Many Requests", "variables": {"error": {
				"type": "io.camunda.connector.api.error.ConnectorException", "code": "429", "message": "Too Many Requests",
				"variables": {"response": {"headers": {"Content-Length": "17", "Content-Type": "application/json", "Retry-After": "0"}, "body": {"m": "slow down"}}}}}}],
			"incident": {"errorType": "JOB_NO_RETRIES", "errorMessage": "Too Many Requests", "elementId": "connector"}}}`,
	},
	"rest-success-error-expr-with-resultexpr": {
		`In errorExpression, response is always the response itself, overlaid with the output variables.`,
		`{"requests": [{"method": "GET", "path": "/api.example.com/e", "headers": {}}], "variables": {}, "caught": true,
		"bpmnErrorDetail": {"errorCode": "SEEN", "errorMessage": "m", "variables": {"a": 200, "b": 1, "c": 1, "d": {
			"status": 200, "headers": {"Content-Length": "7", "Content-Type": "application/json"}, "body": {"x": 1}, "reason": "OK", "document": null, "x": 1}}}}`,
	},
	"rest-oauth-body-cached": {
		`A token is kept for as long as its answer says.`,
		`{"runs": [
			{"requests": [
				{"method": "POST", "path": "/login.example.com/oauth/token", "headers": {"content-type": ["application/x-www-form-urlencoded"]},
					"body": "audience=https-aud&client_id=cid-1&client_secret=s%26cr%3Dt&grant_type=client_credentials&scope=read+write%3Ax"},
				{"method": "POST", "path": "/api.example.com/o", "headers": {"authorization": ["Bearer at-1"], "content-type": ["application/json"]}, "body": "{\"n\":1}"}],
			"output": {"res": {"status": 200, "headers": {"Content-Length": "8", "Content-Type": "application/json"}, "body": {"ok": 1}, "reason": "OK", "document": null}},
			"variables": {"n": 1, "res": {"status": 200, "headers": {"Content-Length": "8", "Content-Type": "application/json"}, "body": {"ok": 1}, "reason": "OK", "document": null}}},
			{"requests": [
				{"method": "POST", "path": "/api.example.com/o", "headers": {"authorization": ["Bearer at-1"], "content-type": ["application/json"]}, "body": "{\"n\":1}"}],
			"output": {"res": {"status": 200, "headers": {"Content-Length": "8", "Content-Type": "application/json"}, "body": {"ok": 1}, "reason": "OK", "document": null}},
			"variables": {"n": 1, "res": {"status": 200, "headers": {"Content-Length": "8", "Content-Type": "application/json"}, "body": {"ok": 1}, "reason": "OK", "document": null}}}]}`,
	},
	"rest-oauth-no-token": {
		`An answer without a token is the error OAUTH_TOKEN_ERROR.`,
		`{"requests": [{"method": "POST", "path": "/login.example.com/oauth/token", "headers": {"authorization": ["Basic Y2lkLTY6cyZjcj10"], "content-type": ["application/x-www-form-urlencoded"]},
			"body": "audience&grant_type=client_credentials"}],
		"error": {"failures": [{"retries": 0, "errorMessage": "(any)", "variables": {"error": {
				"type": "io.camunda.connector.api.error.ConnectorException", "code": "OAUTH_TOKEN_ERROR", "message": "(any)"}}}],
			"incident": {"errorType": "JOB_NO_RETRIES", "errorMessage": "(any)", "elementId": "connector"}}}`,
	},
	"rest-header-job-timeout-bad": {
		`The header jobTimeout counts, and one that is no duration fails the job before the call.`,
		`{"requests": [], "error": {
			"failures": [{"retries": 0, "errorMessage": "(any)", "variables": {"error": {
				"type": "io.camunda.connector.api.error.ConnectorInputException", "message": "(any)"}}}],
			"incident": {"errorType": "JOB_NO_RETRIES", "errorMessage": "(any)", "elementId": "connector"}}}`,
	},
	"rest-method-head": {
		`HEAD and OPTIONS are methods too.`,
		`{"requests": [{"method": "HEAD", "path": "/api.example.com/e", "headers": {}}],
		"output": {"res": {"status": 200, "headers": {"Content-Length": "11", "Content-Type": "application/json"}, "body": null, "reason": "OK", "document": null}},
		"variables": {"res": {"status": 200, "headers": {"Content-Length": "11", "Content-Type": "application/json"}, "body": null, "reason": "OK", "document": null}}}`,
	},
}

// documented are the files whose package comments list the differences, each
// once.
var documented = []string{"../../engine/doc.go", "../../protocols/rest/doc.go"}

func TestDifferencesAreDocumented(t *testing.T) {
	var text strings.Builder
	for _, name := range documented {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(source)) {
			text.WriteString(strings.TrimPrefix(line, "//"))
		}
	}
	words := strings.Join(strings.Fields(text.String()), " ")
	for name, d := range differences {
		if n := strings.Count(words, d.Reason); n != 1 {
			t.Errorf("%s: the sentence %q stands %d times in the package comments, want once", name, d.Reason, n)
		}
	}
}
