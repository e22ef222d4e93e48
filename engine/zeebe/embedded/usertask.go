package embedded

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"patchbay/engine/bpmn"
	"patchbay/engine/feel"
)

// userHeader is one property of a job-based user task.
type userHeader struct {
	name  string
	value *expression
	kind  headerKind
}

// userTaskType is the type of the jobs of user tasks that Zeebe does not manage itself.
const userTaskType = "io.camunda.zeebe:userTask"

func (c *compiler) userHeaders(el *bpmn.Element) []userHeader {
	var out []userHeader
	add := func(at bpmn.Place, name, text string, kind headerKind) {
		if x := c.expression(at, text); x != nil {
			if _, ok := parseDate(text); kind == dateHeader && x.program == nil && !ok {
				c.complain(at, zeebeErrorf("Expected static value to be a valid DateTime String, e.g. '2023-03-02T15:35+02:00', but found '%s'.", text))
			}
			out = append(out, userHeader{"io.camunda.zeebe:" + name, x, kind})
		}
	}
	if a := el.Assignment; a != nil {
		add(a.Place, "assignee", a.Assignee, textHeader)
		add(a.Place, "candidateGroups", a.CandidateGroups, namesHeader)
		add(a.Place, "candidateUsers", a.CandidateUsers, namesHeader)
	}
	if s := el.Schedule; s != nil {
		add(s.Place, "dueDate", s.DueDate, dateHeader)
		add(s.Place, "followUpDate", s.FollowUpDate, dateHeader)
	}
	if f := el.Form; f != nil {
		add(f.Place, "formKey", f.Key, textHeader)
		add(f.Place, "formKey", f.ID, formHeader)
	}
	return out
}

// headerKind says how the value of a user task's property is read.
type headerKind uint8

const (
	textHeader headerKind = iota
	namesHeader
	dateHeader
	formHeader // the key of the latest form with that id
)

func (e *Engine) userHeader(h *userHeader, in *instance) (string, *failure) {
	text, f := h.evaluate(in)
	if f != nil || h.kind != formHeader {
		return text, f
	}
	if form := e.state.forms[text]; form != nil {
		return strconv.FormatInt(form.key, 10), nil
	}
	return "", &failure{kind: formNotFound, text: "Expected to find a form with id '" + text + "', but no form with this id is found, " +
		"at least a form with this id should be available. To resolve the Incident please deploy a form with the same id"}
}

func (h *userHeader) evaluate(in *instance) (string, *failure) {
	v, warnings, f := h.value.eval(in)
	if f != nil {
		return "", f
	}
	switch h.kind {
	case namesHeader:
		return h.names(v, warnings)
	case dateHeader:
		return h.date(v, warnings)
	}
	if s, ok := v.AsString(); ok {
		return s, nil
	}
	return "", h.value.wrongType("STRING", v, warnings)
}

// date gives a moment the way java.time prints it: without seconds when there are none.
func (h *userHeader) date(v feel.Value, warnings []feel.Warning) (string, *failure) {
	if v.IsNull() {
		return "", nil
	}
	if s, ok := v.AsString(); ok && s == "" {
		return "", nil
	}
	spec := timerSpec{kind: bpmn.TimeDate, text: h.value}
	at, f := spec.moment(v, warnings, "NULL, ")
	if f != nil {
		return "", f
	}
	if at.Second() == 0 && at.Nanosecond() == 0 {
		return at.Format("2006-01-02T15:04Z07:00"), nil
	}
	return at.Format(time.RFC3339Nano), nil
}

// names gives a list of strings as JSON text; static text is split at commas.
func (h *userHeader) names(v feel.Value, warnings []feel.Warning) (string, *failure) {
	if s, ok := v.AsString(); ok && h.value.program == nil {
		var names []string
		for part := range strings.SplitSeq(s, ",") {
			names = append(names, strings.TrimSpace(part))
		}
		text, _ := json.Marshal(names) // strings cannot fail
		return string(text), nil
	}
	items, ok := v.AsList()
	if !ok {
		return "", h.value.wrongType("ARRAY", v, warnings)
	}
	for _, item := range items {
		if _, ok := item.AsString(); !ok {
			return "", extractError("Expected result of the expression '" + h.value.source + "' to be 'ARRAY' containing 'STRING' items, " +
				"but was 'ARRAY' containing at least one non-'STRING' item.")
		}
	}
	return string(v.JSON()), nil
}
