package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"patchbay/templates/fromcurl"
)

func TestFromCurl(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.FromCurl = func(_ context.Context, command string, opts fromcurl.Options) (*fromcurl.Result, []byte, error) {
			if command == "broken" {
				return nil, nil, errors.New("it does not run")
			}
			made, err := fromcurl.Convert(command, opts)
			return made, []byte(`{"cases":[]}`), err
		}
	})
	for _, test := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"command": "curl https://example.com/orders/1 -u me:x", "id": "my.id", "name": "Mine"}`, http.StatusOK, `"secrets":["EXAMPLE_PASSWORD"],"notes":[]`},
		{`{"command": "curl https://example.com --proxy x"}`, http.StatusUnprocessableEntity, `"errors":[{"pointer":"/command","message":"a template cannot follow --proxy; `},
		{`{"command": "broken"}`, http.StatusUnprocessableEntity, `"detail":"it does not run"`},
		{`{"command": ""}`, http.StatusUnprocessableEntity, "command"},
		{`{"comand": "curl https://example.com"}`, http.StatusUnprocessableEntity, "comand"},
		{`{`, http.StatusBadRequest, ""},
	} {
		got := r.expect(test.status, http.MethodPost, "/api/v1/templates/from-curl", test.body)
		if !strings.Contains(got.body, test.want) {
			t.Errorf("%s: got %s", test.body, got.body)
		}
		if got.status != http.StatusOK {
			got.problem(t)
			continue
		}
		var made struct {
			Template struct{ ID, Name string }
			Text     string
		}
		if err := json.Unmarshal([]byte(got.body), &made); err != nil || made.Template.ID != "my.id" || made.Template.Name != "Mine" || !strings.Contains(made.Text, "\n  \"id\": \"my.id\"") {
			t.Errorf("%v %+v", err, made)
		}
	}
}
