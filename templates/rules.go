package templates

import "slices"

// change is one step from the properties that applied before to those that
// apply now. before is nil when it is not known what applied.
type change struct {
	*state
	template    *Template
	before, now []*Property
	// replaced are those before by their slots.
	replaced map[slot][]*Property
}

// apply runs the rules in the order in which the modelers run them, which is
// the order of the parts in the file.
func (c *change) apply() {
	c.attributes("property")
	c.single("zeebe:taskDefinition")
	c.mappings()
	c.headers()
	c.properties()
	c.messages()
	c.signals()
	c.timers()
	c.conditionals()
	c.single("zeebe:calledElement")
	c.calledElement()
	c.linkedResources()
	c.userTask()
	for _, place := range []string{
		"zeebe:calledDecision", "zeebe:formDefinition", "zeebe:script", "zeebe:assignmentDefinition", "zeebe:priorityDefinition",
		"zeebe:jobPriorityDefinition", "zeebe:adHoc", "zeebe:agentDefinition", "zeebe:taskSchedule",
	} {
		c.single(place)
	}
	c.listen("zeebe:executionListener")
	c.listen("zeebe:taskListener")
}

func at(list []*Property, places ...string) []*Property {
	var found []*Property
	for _, p := range list {
		if slices.Contains(places, p.Binding.slot().place) {
			found = append(found, p)
		}
	}
	return found
}

// previous returns the property that was bound to the same slot before.
func (c *change) previous(p *Property) *Property {
	if old := c.replaced[p.Binding.slot()]; old != nil {
		return old[0]
	}
	return nil
}

// set gives a slot the property's default, unless its value is kept.
func (c *change) set(p *Property) {
	s := p.Binding.slot()
	if !c.keep(c.values[s], c.previous(p), p) {
		c.values[s] = held{value: c.defaultValue(p)}
	}
}

// dropGone empties the slots of a place that the template no longer has.
func (c *change) dropGone(place string) {
	for _, old := range at(c.before, place) {
		s := old.Binding.slot()
		if !slices.ContainsFunc(c.now, func(p *Property) bool { return p.Binding.slot() == s }) {
			delete(c.values, s)
		}
	}
}

// attributes handles values that are attributes of what is always there.
func (c *change) attributes(place string) {
	c.dropGone(place)
	for _, p := range at(c.now, place) {
		c.set(p)
	}
}

// single handles an extension element that there is once.
func (c *change) single(place string) {
	now := at(c.now, place)
	if len(now) == 0 {
		c.clear(place)
		return
	}
	for _, p := range now {
		if !c.present[place] {
			c.create(place)
			c.values[p.Binding.slot()] = held{value: c.defaultValue(p)}
			continue
		}
		c.set(p)
	}
	c.dropGone(place)
}

func (c *change) clear(place string) {
	c.remove(place)
	for s := range c.values {
		if s.place == place {
			delete(c.values, s)
		}
	}
}

// list handles a list of items: those of the template are set, others go.
func (c *change) list(now []*Property, stale map[*item]bool) {
	for _, p := range now {
		s := p.Binding.slot()
		value := c.defaultValue(p)
		wanted := truthy(value) || !p.Optional
		if p.Binding.Type == "zeebe:taskHeader" {
			wanted = truthy(value)
		}
		if found := c.first[s]; found != nil {
			c.update(found, p, value, wanted, stale)
		} else if wanted {
			c.add(&item{slot: s, held: held{value: initial(s.place, value)}})
		}
	}
	for _, place := range []string{"zeebe:input", "zeebe:output", "zeebe:taskHeader", "zeebe:property"} {
		c.drop(place, func(i *item) bool { return stale[i] })
	}
}

func (c *change) update(found *item, p *Property, value any, wanted bool, stale map[*item]bool) {
	keep := c.keep(found.held, c.previous(p), p)
	if wanted || keep || p.Binding.Type == "zeebe:taskHeader" {
		delete(stale, found)
	}
	if !keep {
		found.held = held{value: value}
	}
}

// initial is the value that a new item gets: a new zeebe:property has "" where
// others have none.
func initial(place string, value any) any {
	if place == "zeebe:property" && value == nil {
		return ""
	}
	return value
}

func (c *change) stale(places ...string) map[*item]bool {
	stale := map[*item]bool{}
	for _, place := range places {
		for _, i := range c.items[place] {
			stale[i] = true
		}
	}
	return stale
}

func (c *change) dropList(part string, places ...string) {
	c.remove(part)
	for _, place := range places {
		c.drop(place, func(*item) bool { return true })
	}
}

func (c *change) mappings() {
	const part = "zeebe:ioMapping"
	now := at(c.now, "zeebe:input", "zeebe:output")
	ownOutputs := c.template.OutputsVisible && len(c.items["zeebe:output"]) > 0
	if len(now) == 0 && !ownOutputs {
		c.dropList(part, "zeebe:input", "zeebe:output")
		return
	}
	c.create(part)
	stale := c.stale("zeebe:input", "zeebe:output")
	if c.template.OutputsVisible {
		stale = c.stale("zeebe:input")
	}
	c.list(now, stale)
}

func (c *change) headers() {
	now := at(c.now, "zeebe:taskHeader")
	if len(now) == 0 {
		c.dropList("zeebe:taskHeaders", "zeebe:taskHeader")
		return
	}
	c.create("zeebe:taskHeaders")
	c.list(now, c.stale("zeebe:taskHeader"))
}

func (c *change) properties() {
	now := at(c.now, "zeebe:property")
	if len(now) == 0 {
		c.dropList("zeebe:properties", "zeebe:property")
		return
	}
	c.create("zeebe:properties")
	c.list(now, c.stale("zeebe:property"))
}

const (
	messagePlace      = "bpmn:Message#property"
	subscriptionPlace = "bpmn:Message#zeebe:subscription#property"
	signalPlace       = "bpmn:Signal#property"
	timerPlace        = "bpmn:TimerEventDefinition#property"
	conditionPlace    = "bpmn:ConditionalEventDefinition#property"
	filterPlace       = "bpmn:ConditionalEventDefinition#zeebe:conditionalFilter#property"
)

// messages handles the message and its subscription. The template gets a
// message of its own, which takes over what the element's message had.
func (c *change) messages() {
	names, keys := at(c.now, messagePlace), at(c.now, subscriptionPlace)
	if len(names) > 0 {
		c.own(&c.message, messagePlace)
	}
	c.attributes(messagePlace)
	if len(keys) > 0 || c.present[messagePlace] && len(at(c.before, subscriptionPlace)) > 0 {
		c.own(&c.message, messagePlace)
		c.create(subscriptionPlace)
	}
	c.attributes(subscriptionPlace)
	if len(names)+len(keys) == 0 {
		c.clear(messagePlace)
		c.clear(subscriptionPlace)
		c.message = reference{}
	}
}

func (c *change) signals() {
	if len(at(c.now, signalPlace)) == 0 {
		c.clear(signalPlace)
		c.signal = reference{}
		return
	}
	c.own(&c.signal, signalPlace)
	c.attributes(signalPlace)
}

// own makes sure that what the element refers to belongs to the template.
func (c *change) own(r *reference, place string) {
	c.create(place)
	if !r.templated {
		*r = reference{templated: true, fresh: true}
	}
}

// timers handles the one of date, duration and cycle that a timer has.
func (c *change) timers() {
	if !c.present[timerPlace] {
		return
	}
	c.dropGone(timerPlace)
	for _, p := range at(c.now, timerPlace) {
		s := p.Binding.slot()
		now, there := c.values[s]
		if c.keep(now, c.previous(p), p) {
			continue
		}
		if !there {
			c.clearTimers()
		}
		c.values[s] = held{value: initial("zeebe:property", c.defaultValue(p))}
		if s.name == "timeCycle" {
			c.values[slot{place: "cycle"}] = held{value: true}
		}
	}
}

func (c *change) clearTimers() {
	for s := range c.values {
		if s.place == timerPlace {
			delete(c.values, s)
		}
	}
}

func (c *change) conditionals() {
	if !c.present[conditionPlace] {
		return
	}
	for _, place := range []string{conditionPlace, filterPlace} {
		c.dropGone(place)
		for _, p := range at(c.now, place) {
			s := p.Binding.slot()
			if old := c.previous(p); old == nil || !c.keep(c.values[s], old, p) {
				c.values[s] = held{value: c.defaultValue(p)}
			}
		}
	}
}

// calledElement switches off the propagation of variables that the template
// does not bind itself.
func (c *change) calledElement() {
	const place = "zeebe:calledElement"
	if !c.present[place] {
		return
	}
	for _, name := range []string{"propagateAllChildVariables", "propagateAllParentVariables"} {
		s := slot{place: place, name: name}
		if !slices.ContainsFunc(c.template.Properties, func(p *Property) bool { return p.Binding.slot() == s }) {
			c.values[s] = held{value: false}
		}
	}
}

// linkedResources handles the resources, which are told apart by link name.
func (c *change) linkedResources() {
	const place = "zeebe:linkedResource"
	now := at(c.now, place)
	if len(now) == 0 {
		c.clear(place)
		return
	}
	c.create(place)
	links := map[string]bool{}
	for _, p := range now {
		links[p.Binding.LinkName] = true
		c.set(p)
	}
	for s := range c.values {
		if s.place == place && !links[s.link] {
			delete(c.values, s)
		}
	}
	c.dropGone(place)
}

func (c *change) userTask() {
	const place = "zeebe:userTask"
	switch {
	case c.template.ElementType != "bpmn:UserTask":
	case len(at(c.now, place)) > 0:
		c.create(place)
	default:
		c.remove(place)
	}
}

// listen lets the template's listeners replace all others.
func (c *change) listen(place string) {
	now := at(c.now, place)
	if len(now) > 0 || len(at(c.before, place)) > 0 {
		c.listeners[place] = now
	}
}
