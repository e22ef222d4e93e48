package rest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
)

// query is the body of a search.
type query struct {
	Filter map[string]any `json:"filter"`
	Sort   []struct {
		Field string `json:"field"`
		Order string `json:"order"`
	} `json:"sort"`
	Page struct {
		From   int    `json:"from"`
		Limit  *int   `json:"limit"`
		After  string `json:"after"`
		Before string `json:"before"`
	} `json:"page"`
}

const (
	defaultLimit = 100
	maxLimit     = 10_000
)

// readQuery reads and checks a search; no body at all asks for everything.
func readQuery(w http.ResponseWriter, r *http.Request, res resource) (query, error) {
	var q query
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return q, fmt.Errorf("read the request body: %w", err)
	}
	if len(bytes.TrimSpace(body)) > 0 {
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		dec.UseNumber()
		if err := dec.Decode(&q); err != nil {
			return q, bodyError(err)
		}
	}
	return q, q.check(res)
}

func bodyError(err error) error {
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return badRequest("Request property [%s] cannot be parsed", strings.Trim(field, `"`))
	}
	return fmt.Errorf("the request body is no search request: %w", err)
}

func (q *query) check(res resource) error {
	for field, want := range q.Filter {
		if !res.knows(field) {
			return badRequest("Request property [filter.%s] cannot be parsed", field)
		}
		if err := checkOperators(field, want); err != nil {
			return err
		}
	}
	for _, s := range q.Sort {
		if !res.knows(s.Field) {
			return badRequest("Request property [sort.field] has the unknown value %q", s.Field)
		}
	}
	switch {
	case q.Page.Limit != nil && (*q.Page.Limit < 0 || *q.Page.Limit > maxLimit):
		return fmt.Errorf("page.limit must be between 0 and %d, but was %d", maxLimit, *q.Page.Limit)
	case q.Page.From < 0:
		return fmt.Errorf("page.from must not be negative, but was %d", q.Page.From)
	case q.Page.After != "" && q.Page.Before != "":
		return errors.New("page.after and page.before exclude each other")
	}
	return nil
}

// operators is the table of the advanced filters: has is the item's value, want the filter's.
var operators = map[string]func(has, want any) bool{
	"$eq":     func(has, want any) bool { return compare(has, want) == 0 },
	"$neq":    func(has, want any) bool { return compare(has, want) != 0 },
	"$exists": func(has, want any) bool { return (has != nil) == (want == true) },
	"$in":     contains,
	"$notIn":  func(has, want any) bool { return !contains(has, want) },
	"$like":   like,
	"$gt":     func(has, want any) bool { return has != nil && compare(has, want) > 0 },
	"$gte":    func(has, want any) bool { return has != nil && compare(has, want) >= 0 },
	"$lt":     func(has, want any) bool { return has != nil && compare(has, want) < 0 },
	"$lte":    func(has, want any) bool { return has != nil && compare(has, want) <= 0 },
}

func checkOperators(field string, want any) error {
	ops, ok := want.(map[string]any)
	if !ok {
		return nil
	}
	for op := range ops {
		if operators[op] == nil {
			return badRequest("Request property [filter.%s.%s] cannot be parsed", field, op)
		}
	}
	return nil
}

func contains(has, want any) bool {
	list, _ := want.([]any)
	return slices.ContainsFunc(list, func(x any) bool { return compare(has, x) == 0 })
}

func like(has, want any) bool {
	pattern, _ := want.(string)
	value, ok := has.(string)
	escape := strings.NewReplacer("[", `\[`, "/", "\x00")
	matched, err := path.Match(escape.Replace(pattern), strings.ReplaceAll(value, "/", "\x00"))
	return ok && err == nil && matched
}

// compare orders numbers as numbers and everything else as text; enum values match in any case.
func compare(a, b any) int {
	x, y := plain(a), plain(b)
	if strings.EqualFold(x, y) {
		return 0
	}
	if len(x) != len(y) && digits(x) && digits(y) {
		return len(x) - len(y)
	}
	return strings.Compare(x, y)
}

func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func (q *query) match(items []record) []record {
	return slices.DeleteFunc(items, func(it record) bool {
		for field, want := range q.Filter {
			if !matches(it[field], want) {
				return true
			}
		}
		return false
	})
}

func matches(has, want any) bool {
	ops, ok := want.(map[string]any)
	if !ok {
		return want == nil || compare(has, want) == 0
	}
	for op, value := range ops {
		if !operators[op](has, value) {
			return false
		}
	}
	return true
}

func (q *query) sort(items []record) {
	if len(q.Sort) == 0 {
		return
	}
	slices.SortStableFunc(items, func(a, b record) int {
		for _, s := range q.Sort {
			c := compare(a[s.Field], b[s.Field])
			if strings.EqualFold(s.Order, "DESC") {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
}

// page cuts out what was asked for. A cursor holds the key of the item that it points at.
func (q *query) page(items []record, keyField string) ([]record, map[string]any) {
	page := map[string]any{"totalItems": len(items), "hasMoreTotalItems": false, "startCursor": nil, "endCursor": nil}
	limit := defaultLimit
	if q.Page.Limit != nil {
		limit = *q.Page.Limit
	}
	start := min(q.Page.From, len(items))
	end := min(start+limit, len(items))
	if q.Page.After != "" {
		start = position(items, keyField, q.Page.After) + 1
		end = min(start+limit, len(items))
	} else if q.Page.Before != "" {
		end = max(0, position(items, keyField, q.Page.Before))
		start = max(0, end-limit)
	}
	items = items[min(start, len(items)):max(start, end)]
	if len(items) > 0 {
		page["startCursor"], page["endCursor"] = cursor(items[0][keyField]), cursor(items[len(items)-1][keyField])
	}
	return items, page
}

func cursor(key any) string { return base64.RawURLEncoding.EncodeToString([]byte(plain(key))) }

// position finds the item of a cursor, or the last one with a smaller key when it is gone; -1 is before all.
func position(items []record, keyField, cursor string) int {
	key, _ := base64.RawURLEncoding.DecodeString(cursor)
	if i := slices.IndexFunc(items, func(it record) bool { return it[keyField] == string(key) }); i >= 0 {
		return i
	}
	last := -1
	for i, it := range items {
		if compare(it[keyField], string(key)) < 0 {
			last = i
		}
	}
	return last
}

// requestError is worded as Camunda words it.
type requestError string

// Error implements error.
func (e requestError) Error() string { return string(e) }

func badRequest(format string, args ...any) error { return requestError(fmt.Sprintf(format, args...)) }
