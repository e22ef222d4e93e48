package inbound

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// elementOf makes an element of version v (key 10+v) with properties.
func elementOf(id string, v int32, pairs ...string) *element {
	e := &element{inboundType: "t", properties: map[string]string{listens: "t"}}
	e.BpmnProcessID, e.ElementID, e.Version, e.ProcessDefinitionKey = "p", id, v, int64(10+v)
	for i := 0; i < len(pairs); i += 2 {
		e.properties[pairs[i]] = pairs[i+1]
	}
	e.inboundType = e.properties[listens]
	return e
}

// shape describes groups: "a@2+a@1 b@1!" with a mark for errors.
func shape(groups map[string]*group) string {
	var list []string
	for _, g := range groups {
		var elements []string
		for _, e := range g.elements {
			elements = append(elements, fmt.Sprintf("%s@%d", e.ElementID, e.Version))
		}
		text := strings.Join(elements, "+")
		if g.err != nil {
			text += "!"
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestGrouping(t *testing.T) {
	auto := []string{"deduplicationMode", "AUTO", "path", "x"}
	manual := []string{"deduplicationMode", "MANUAL", "deduplicationId", "mine", "path", "x"}
	with := func(base []string, pairs ...string) []string { return append(slices.Clone(base), pairs...) }
	scope := func(*element) []string { return []string{"path"} }
	tests := map[string]struct {
		elements []*element
		scope    func(*element) []string
		want     string
	}{
		"without a mode each stands alone": {[]*element{elementOf("a", 1, "path", "x"), elementOf("a", 2, "path", "x"), elementOf("b", 2, "path", "x")}, nil, "a@1 a@2 b@2"},
		"AUTO joins equal ones":            {[]*element{elementOf("a", 1, auto...), elementOf("a", 2, auto...), elementOf("b", 2, auto...)}, nil, "a@2+b@2+a@1"},
		"keywords do not count":            {[]*element{elementOf("a", 1, auto...), elementOf("b", 1, with(auto, "resultExpression", "=x", "activationCondition", "=y", "messageTtl", "PT1S")...)}, nil, "a@1+b@1"},
		"AUTO parts different ones":        {[]*element{elementOf("a", 1, auto...), elementOf("b", 1, "deduplicationMode", "AUTO", "path", "y")}, nil, "a@1 b@1"},
		"names count, not values alone":    {[]*element{elementOf("a", 1, auto...), elementOf("b", 1, "deduplicationMode", "AUTO", "other", "x")}, nil, "a@1 b@1"},
		"types count":                      {[]*element{elementOf("a", 1, auto...), elementOf("b", 1, with(auto, listens, "u")...)}, nil, "a@1 b@1"},
		"only the scope counts":            {[]*element{elementOf("a", 1, auto...), elementOf("b", 1, with(auto, "reply", "y")...)}, scope, "a@1+b@1"},
		"MANUAL joins equal ones":          {[]*element{elementOf("a", 1, manual...), elementOf("b", 2, manual...)}, nil, "b@2+a@1"},
		"MANUAL conflict in a version":     {[]*element{elementOf("a", 1, manual...), elementOf("b", 1, with(manual, "path", "y")...)}, nil, "a@1 b@1!"},
		"MANUAL keeps older listeners": {[]*element{elementOf("a", 1, with(manual, "path", "y")...), elementOf("b", 1, with(manual, "path", "y")...),
			elementOf("a", 2, manual...)}, nil, "a@1+b@1 a@2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.scope == nil {
				tt.scope = func(*element) []string { return nil }
			}
			groups := groupElements(tt.elements, tt.scope)
			if got := shape(groups); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			slices.Reverse(tt.elements)
			again := groupElements(tt.elements, tt.scope)
			if got := shape(again); got != tt.want {
				t.Errorf("in another order got %s, want %s", got, tt.want)
			}
			if !slices.Equal(slices.Sorted(maps.Keys(groups)), slices.Sorted(maps.Keys(again))) {
				t.Error("ids depend on the order")
			}
		})
	}
}

func TestConflictNamesTheProperties(t *testing.T) {
	manual := []string{"deduplicationMode", "MANUAL", "deduplicationId", "mine", "path", "x"}
	groups := groupElements([]*element{elementOf("a", 1, manual...), elementOf("b", 1, append(manual, "path", "y", "more", "z")...)}, func(*element) []string { return nil })
	for _, g := range groups {
		if g.err != nil && g.err.Error() != `deduplicationId "mine" is shared with element "a", whose properties differ: more, path` {
			t.Error(g.err)
		}
	}
}

// The ids of Camunda's runtime, 8.10: vectors from its behaviour.
func TestIdentities(t *testing.T) {
	e := elementOf("StartEvent_1", 1, "deduplicationMode", "MANUAL", "deduplicationId", "my-id")
	e.BpmnProcessID = "wh-process"
	if got := e.identity(""); got != "7:default9:<default>10:wh-process-my-id" {
		t.Error(got)
	}
	e = elementOf("StartEvent_1", 1)
	e.ProcessDefinitionKey = 2251799813685250
	if got := e.identity(""); got != "7:default9:<default>16:225179981368525012:StartEvent_1" {
		t.Error(got)
	}
	if got := digest("7:default9:<default>10:wh-process-513297725"); got != "fecaeae589e8c8833b537548b979bb12c055c5cf160299a27356cdbe7133a732" {
		t.Error(got)
	}
	if got := join("a😀", ""); got != "3:a😀0:" {
		t.Error(got)
	}
}

// TestNames: what lasts at a broker keeps its name as long as what is listened
// to is the same, whatever else a new version changes.
func TestNames(t *testing.T) {
	name := func(version int, pairs ...string) string {
		list := found(t, bpmnOf(start("s", append([]string{"inbound.type", "test:listen"}, pairs...)...)))
		list[0].Version, list[0].ProcessDefinitionKey = int32(version), int64(version)
		for _, g := range groupElements(list, func(*element) []string { return []string{"address"} }) {
			return g.name
		}
		return ""
	}
	for _, mode := range [][]string{nil, {"deduplicationMode", "AUTO"}, {"deduplicationMode", "MANUAL", "deduplicationId", "d"}} {
		first := name(1, append([]string{"address", "a", "resultExpression", "=1"}, mode...)...)
		if again := name(2, append([]string{"address", "a", "resultExpression", "=2"}, mode...)...); first == "" || again != first {
			t.Errorf("%v: version 2 is named %q, version 1 %q", mode, again, first)
		}
		other := name(2, append([]string{"address", "b", "resultExpression", "=1"}, mode...)...)
		if manual := len(mode) == 4; (other == first) != manual {
			t.Errorf("%v: with another address it is named %q, before %q", mode, other, first)
		}
	}
}
