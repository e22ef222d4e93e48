package templates

import (
	"slices"
	"strings"

	"patchbay/engine/bpmn"
)

// save writes the state to the element. Lists take the order of the
// properties that are active now.
func (e element) save(s *state, t *Template, now []*Property) {
	e.saveAttributes(s, t)
	e.saveExtensions(s, now)
	e.saveReference(s, t, &s.message, "bpmn:message", "messageRef", messagePlace)
	e.saveReference(s, t, &s.signal, "bpmn:signal", "signalRef", signalPlace)
	e.saveDefinition(s)
}

func (e element) saveAttributes(s *state, t *Template) {
	for _, p := range t.Properties {
		at := p.Binding.slot()
		switch value := s.values[at].value; {
		case at.place != "property":
		case expressions[at.name]:
			e.saveExpression(e.tag, "bpmn:"+at.name, value)
		default:
			put(e.tag, at, value)
		}
	}
}

// put writes an attribute; one that has the format's default is left out.
func put(tag *bpmn.Tag, at slot, value any) {
	if old, has := tag.Attr(at.name); has && old == text(value) && value != nil {
		return
	}
	if value == nil || value == formatDefault(at) {
		tag.RemoveAttr(at.name)
		return
	}
	tag.SetAttr(at.name, text(value))
}

// saveExpression writes a formal expression as a child element; nil removes it.
func (e element) saveExpression(around *bpmn.Tag, name string, value any) {
	child := around.Child(name)
	if value == nil {
		if child != nil {
			around.Remove(child)
		}
		return
	}
	if child == nil {
		child = around.Append(name)
		child.SetAttr("xsi:type", bpmnPrefix(child)+"tFormalExpression")
	}
	if value != "" {
		child.SetText(text(value))
	}
}

// bpmnPrefix is the prefix that the file uses for BPMN, with its colon.
func bpmnPrefix(tag *bpmn.Tag) string {
	prefix, _, has := strings.Cut(tag.RawName(), ":")
	if !has {
		return ""
	}
	return prefix + ":"
}

func (e element) saveExtensions(s *state, now []*Property) {
	for _, part := range s.created {
		e.savePart(s, part, now)
	}
	extensions := e.ensure(e.tag, "") // modelers leave it even when it is empty
	for _, part := range append([]string{"zeebe:ioMapping", "zeebe:taskHeaders", "zeebe:properties", "zeebe:linkedResource"}, singles...) {
		tag := extensions.Child(fileParts(part))
		switch {
		case tag == nil:
		case s.present[part]:
			e.savePart(s, part, now)
		default:
			extensions.Remove(tag)
		}
	}
	for _, place := range []string{"zeebe:executionListener", "zeebe:taskListener"} {
		e.saveListeners(s, place)
	}
}

// fileParts names the element that holds a part.
func fileParts(part string) string {
	if part == "zeebe:linkedResource" {
		return "zeebe:linkedResources"
	}
	return part
}

// ensure returns the extension element of that name, or with no name what is
// around them.
func (e element) ensure(around *bpmn.Tag, name string) *bpmn.Tag {
	extensions := around.Child(extensionElements)
	if extensions == nil {
		extensions = around.InsertAfter(extensionElements, "bpmn:documentation")
	}
	if name == "" {
		return extensions
	}
	if found := extensions.Child(name); found != nil {
		return found
	}
	return extensions.Append(name)
}

func (e element) savePart(s *state, part string, now []*Property) {
	switch {
	case slices.Contains(singles, part):
		e.saveSingle(s, e.ensure(e.tag, part), part)
	case part == "zeebe:linkedResource":
		e.saveResources(s, e.ensure(e.tag, "zeebe:linkedResources"), now)
	default:
		for _, place := range listPlaces {
			if listShapes[place].part == part {
				e.saveList(s, e.ensure(e.tag, part), place, now)
			}
		}
	}
}

func (e element) saveSingle(s *state, tag *bpmn.Tag, place string) {
	for _, at := range sortedSlots(s, place) {
		put(tag, at, s.values[at].value)
	}
	for _, name := range tag.AttrNames() {
		if s.values[slot{place: place, name: name}].value == nil {
			tag.RemoveAttr(name)
		}
	}
}

func sortedSlots(s *state, place string) []slot {
	var slots []slot
	for at := range s.values {
		if at.place == place {
			slots = append(slots, at)
		}
	}
	slices.SortFunc(slots, func(a, b slot) int { return strings.Compare(a.link+"\x00"+a.name, b.link+"\x00"+b.name) })
	return slots
}

func (e element) saveList(s *state, part *bpmn.Tag, place string, now []*Property) {
	shape := listShapes[place]
	items := slices.Clone(s.items[place])
	rank := map[slot]int{} // 0 is that of items of no property
	for i, p := range now {
		if at := p.Binding.slot(); rank[at] == 0 {
			rank[at] = i + 1
		}
	}
	slices.SortStableFunc(items, func(a, b *item) int { return rank[a.slot] - rank[b.slot] })

	order := make([]*bpmn.Tag, len(items))
	kept := map[*bpmn.Tag]bool{}
	for i, item := range items {
		tag, _ := item.source.(*bpmn.Tag)
		if tag == nil {
			tag = part.InsertAfter(shape.tag, "zeebe:input", shape.tag)
		}
		if place == "zeebe:input" { // as modelers order the attributes
			put(tag, slot{name: shape.value}, item.value)
			put(tag, slot{name: shape.key}, item.name)
		} else {
			put(tag, slot{name: shape.key}, item.name)
			put(tag, slot{name: shape.value}, item.value)
		}
		order[i], kept[tag] = tag, true
	}
	for _, tag := range part.Children(shape.tag) {
		if !kept[tag] {
			part.Remove(tag)
		}
	}
	part.Reorder(order)
}

func (e element) saveResources(s *state, part *bpmn.Tag, now []*Property) {
	const place = "zeebe:linkedResource"
	kept := map[string]*bpmn.Tag{}
	for _, tag := range part.Children(place) {
		link, _ := tag.Attr("linkName")
		kept[link] = tag
	}
	wanted := map[string]bool{}
	for _, p := range at(now, place) {
		link := p.Binding.LinkName
		if kept[link] == nil {
			kept[link] = part.Append(place)
			kept[link].SetAttr("linkName", link)
		}
		wanted[link] = true
	}
	for link, tag := range kept {
		if !wanted[link] {
			part.Remove(tag)
			continue
		}
		for _, name := range []string{"resourceId", "resourceType", "bindingType", "versionTag"} {
			at := slot{place, name, link}
			put(tag, at, s.values[at].value)
		}
	}
}

func (e element) saveListeners(s *state, place string) {
	properties, changed := s.listeners[place]
	if !changed {
		return
	}
	if extensions := e.extensions(); extensions != nil {
		if old := extensions.Child(listenerShapes[place]); old != nil {
			extensions.Remove(old)
		}
	}
	for _, p := range properties {
		tag := e.ensure(e.tag, listenerShapes[place]).Append(place)
		tag.SetAttr("eventType", p.Binding.EventType)
		put(tag, slot{name: "retries"}, nilIfEmpty(p.Binding.Retries))
		put(tag, slot{name: "type"}, s.defaultValue(p))
		if len(p.Binding.Headers) == 0 {
			continue
		}
		headers := tag.Append("zeebe:taskHeaders")
		for _, h := range p.Binding.Headers {
			header := headers.Append("zeebe:header")
			header.SetAttr("key", h.Key)
			header.SetAttr("value", h.Value)
		}
	}
}

func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// saveReference writes the message or signal that belongs to the template.
func (e element) saveReference(s *state, t *Template, r *reference, name, attribute, place string) {
	from, old := e.referring(), e.referred(attribute)
	if from == nil {
		return
	}
	if !s.present[place] {
		if _, has := from.Attr(attribute); has && refersTo(from, name) {
			from.RemoveAttr(attribute)
			if _, templated := attrOf(old, "zeebe:modelerTemplate"); templated {
				e.draft.RemoveTag(old)
			}
		}
		return
	}
	tag := old
	if r.fresh || tag == nil {
		tag = e.draft.AppendRoot(name)
		e.draft.SetID(tag, e.draft.NewID(strings.ToUpper(name[5:6])+name[6:]))
		id, _ := tag.Attr("id")
		from.SetAttr(attribute, id)
	}
	for _, at := range sortedSlots(s, place) {
		if at.name != "id" && at.name != "zeebe:modelerTemplate" {
			put(tag, at, s.values[at].value)
		}
	}
	put(tag, slot{name: "zeebe:modelerTemplate"}, t.ID)
	if place == messagePlace && s.present[subscriptionPlace] {
		e.saveSingle(s, e.ensure(tag, "zeebe:subscription"), subscriptionPlace)
	}
}

// refersTo reports whether a tag is one that refers to messages or signals.
func refersTo(tag *bpmn.Tag, name string) bool {
	if name == "bpmn:signal" {
		return tag.Is("bpmn:signalEventDefinition")
	}
	return tag.Is("bpmn:messageEventDefinition", "bpmn:receiveTask", "bpmn:sendTask")
}

func attrOf(tag *bpmn.Tag, name string) (string, bool) {
	if tag == nil {
		return "", false
	}
	return tag.Attr(name)
}

func (e element) saveDefinition(s *state) {
	definition := e.definition()
	switch {
	case definition == nil:
	case definition.Is("bpmn:timerEventDefinition"):
		for _, name := range []string{"timeDate", "timeDuration", "timeCycle"} {
			e.saveExpression(definition, "bpmn:"+name, s.values[slot{place: timerPlace, name: name}].value)
		}
		if s.values[slot{place: "cycle"}].value != nil {
			e.repeat()
		}
	case definition.Is("bpmn:conditionalEventDefinition"):
		e.saveExpression(definition, "bpmn:condition", s.values[slot{place: conditionPlace, name: "condition"}].value)
		filter := slot{place: filterPlace, name: "variableEvents"}
		if value := s.values[filter].value; value != nil {
			put(e.ensure(definition, "zeebe:conditionalFilter"), filter, value)
		} else if old := find(definition, extensionElements, "zeebe:conditionalFilter"); old != nil {
			old.RemoveAttr("variableEvents")
		}
	}
}

// repeat makes an event non-interrupting, since a cycle needs that.
func (e element) repeat() {
	switch {
	case e.tag.Is("bpmn:boundaryEvent"):
		e.tag.SetAttr("cancelActivity", "false")
	case e.tag.Is("bpmn:startEvent") && e.inEventSubProcess():
		e.tag.SetAttr("isInterrupting", "false")
	}
}

// find walks down from a tag along names; nil if one is missing.
func find(tag *bpmn.Tag, names ...string) *bpmn.Tag {
	for _, name := range names {
		if tag == nil {
			return nil
		}
		tag = tag.Child(name)
	}
	return tag
}
