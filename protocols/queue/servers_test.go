package queue

import (
	"strings"
	"testing"

	"patchbay/protocols"
)

func TestServers(t *testing.T) {
	s := Schemes{Ports: map[string]string{"plain": "1", "safe": "2"}, Default: "plain", Example: "plain://host:1"}
	for list, want := range map[string]string{
		"a":                  "plain://a:1",
		" a , safe://b:7/x ": "plain://a:1 safe://b:7",
		"safe://[::1]":       "safe://[::1]:2",
	} {
		servers, err := s.Servers(list)
		var got []string
		for _, u := range servers {
			got = append(got, u.String())
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: got %v, %v", list, got, err)
		}
	}
	for list, want := range map[string]string{
		"":                 "expected an address such as plain://host:1",
		"a,":               "expected an address such as plain://host:1",
		"other://a":        "expected an address such as plain://host:1",
		"plain://u:hush@a": "the address of a has a user name or token",
	} {
		if _, err := s.Servers(list); !protocols.IsInputError(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: got %v", list, err)
		}
	}
}
