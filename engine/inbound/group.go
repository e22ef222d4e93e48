package inbound

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"patchbay/protocols"
)

const (
	modeAuto   = "AUTO"
	modeManual = "MANUAL"
)

// group is what one executable serves: elements that share a listener. It is
// immutable.
type group struct {
	id string
	// name is the id, but for elements that have a listener of their own in
	// each version: theirs is the same as long as their scope is.
	name        string
	inboundType string
	// elements are sorted, those of newer versions first. The first one's
	// properties are the listener's.
	elements []*element
	// scope is a digest of what makes the listener what it is: another one
	// with the same id has to be opened anew.
	scope string
	// err is set on a group that cannot be activated; it holds what is shown.
	err error
}

func (g *group) lead() *element { return g.elements[0] }

// refs lists the elements for a protocol.
func (g *group) refs() []protocols.ElementRef {
	list := make([]protocols.ElementRef, len(g.elements))
	for i, e := range g.elements {
		list[i] = e.ElementRef
	}
	return list
}

// consumes reports whether an event that no condition accepts is to be dropped.
func (g *group) consumes() bool {
	return slices.ContainsFunc(g.elements, func(e *element) bool { return e.consume })
}

// grouper sorts the elements of one process into groups.
type grouper struct {
	// scopeOf returns the scope of an element's protocol, nil for all
	// properties.
	scopeOf func(*element) []string
	groups  map[string]*group
}

// groupElements sorts elements of one process, of all versions that count, into
// groups by id. Wrong elements become groups of their own that carry the error.
func groupElements(elements []*element, scopeOf func(*element) []string) map[string]*group {
	g := &grouper{scopeOf: scopeOf, groups: map[string]*group{}}
	sorted := slices.Clone(elements)
	slices.SortStableFunc(sorted, newestFirst)
	for _, e := range sorted {
		g.add(e)
	}
	return g.groups
}

func newestFirst(a, b *element) int {
	return cmp.Or(cmp.Compare(b.Version, a.Version), cmp.Compare(b.ProcessDefinitionKey, a.ProcessDefinitionKey), cmp.Compare(a.ElementID, b.ElementID))
}

func (g *grouper) add(e *element) {
	if e.err != nil {
		g.invalid(e, e.err)
		return
	}
	scope := g.scope(e)
	identity := e.identity(scope)
	there := g.groups[digest(identity)]
	switch {
	case there == nil:
		g.open(identity, scope, e)
	case there.scope == scope:
		there.elements = append(there.elements, e)
	case there.lead().ProcessDefinitionKey == e.ProcessDefinitionKey:
		g.invalid(e, g.conflict(there, e))
	default:
		g.older(identity, scope, e)
	}
}

func (g *grouper) open(identity, scope string, e *element) {
	id := digest(identity)
	name := id
	if identity == e.legacyIdentity() {
		name = digest(join(physicalTenant, e.tenant(), e.BpmnProcessID, e.ElementID) + "~" + scope)
	}
	g.groups[id] = &group{id: id, name: name, inboundType: e.inboundType, elements: []*element{e}, scope: scope}
}

// older gives an element of an older version, whose instances still wait, a
// listener of its own beside the one that took over its id.
func (g *grouper) older(identity, scope string, e *element) {
	identity += "~" + scope
	if there := g.groups[digest(identity)]; there != nil {
		there.elements = append(there.elements, e)
		return
	}
	g.open(identity, scope, e)
}

func (g *grouper) invalid(e *element, err error) {
	id := digest(e.legacyIdentity() + "!")
	g.groups[id] = &group{id: id, inboundType: e.inboundType, elements: []*element{e}, err: err}
}

func (g *grouper) conflict(there *group, e *element) error {
	lead := there.lead()
	if lead.inboundType != e.inboundType {
		return fmt.Errorf("%s %q belongs to element %q, which has another %s (%s)", propModeID, e.property(propModeID), lead.ElementID, propType, lead.inboundType)
	}
	var names []string
	mine, theirs := inScope(e, g.scopeOf(e)), inScope(lead, g.scopeOf(e))
	for name := range mine {
		if other, ok := theirs[name]; !ok || other != mine[name] {
			names = append(names, name)
		}
	}
	for name := range theirs {
		if _, ok := mine[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return fmt.Errorf("%s %q is shared with element %q, whose properties differ: %s", propModeID, e.property(propModeID), lead.ElementID, strings.Join(names, ", "))
}

// scope is a digest over type, names and values of the properties in scope.
func (g *grouper) scope(e *element) string {
	in := inScope(e, g.scopeOf(e))
	parts := []string{e.inboundType}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		parts = append(parts, name, in[name])
	}
	return digest(join(parts...))[:32]
}

// inScope returns the properties that make the listener what it is.
func inScope(e *element, scope []string) map[string]string {
	out := make(map[string]string, len(e.properties))
	for name, v := range e.properties {
		if scope != nil && within(name, scope) || scope == nil && !keywords[name] {
			out[name] = v
		}
	}
	return out
}

// identity says which elements share a listener. Those of Camunda's runtime
// (8.10) are kept for elements without a mode and for MANUAL; in AUTO a hash
// over names and values takes the place of one over 32 bits of values.
func (e *element) identity(scope string) string {
	process := join(physicalTenant, e.tenant(), e.BpmnProcessID) + "-"
	switch e.property(propMode) {
	case modeManual:
		return process + e.property(propModeID)
	case modeAuto:
		return process + scope
	}
	return e.legacyIdentity()
}

// legacyIdentity is of this element in this version alone.
func (e *element) legacyIdentity() string {
	return join(physicalTenant, e.tenant(), strconv.FormatInt(e.ProcessDefinitionKey, 10), e.ElementID)
}

// cursorIdentity is of this element in all versions.
func (e *element) cursorIdentity() string {
	return digest(join(physicalTenant, e.tenant(), e.BpmnProcessID, e.ElementID))
}

// physicalTenant is what Camunda's runtime calls the only cluster that it is
// connected to.
const physicalTenant = "default"

// defaultTenant is the tenant where there are no others.
const defaultTenant = "<default>"

func (e *element) tenant() string { return cmp.Or(e.TenantID, defaultTenant) }

// join writes each text after its length, counted as Java does, so that no two
// lists give the same.
func join(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		n := 0
		for _, r := range p {
			n += utf16.RuneLen(r)
		}
		b.WriteString(strconv.Itoa(n) + ":" + p)
	}
	return b.String()
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
