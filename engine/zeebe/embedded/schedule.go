package embedded

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"patchbay/engine/bpmn"
	"patchbay/engine/feel"
)

// timerSpec is a timer definition of a deployed process.
type timerSpec struct {
	kind bpmn.TimerKind
	text *expression
}

// schedule is when a timer fires, evaluated for one instance.
type schedule struct {
	due    int64                          // epoch milliseconds
	more   int                            // how often it fires after that, -1 without end
	repeat func(prev time.Time) time.Time // the next time, nil when it fires once
}

// period is an ISO 8601 duration: its calendar part depends on when it begins.
type period struct {
	years, months, days int
	clock               time.Duration
}

func (p period) after(t time.Time) time.Time {
	return t.AddDate(p.years, p.months, p.days).Add(p.clock)
}

var isoDuration = regexp.MustCompile(`^([-+]?)P(?:([-+]?\d{1,9})Y)?(?:([-+]?\d{1,9})M)?(?:([-+]?\d{1,9})W)?(?:([-+]?\d{1,9})D)?(T(?:([-+]?\d{1,9})H)?(?:([-+]?\d{1,9})M)?(?:([-+]?\d{1,9})(?:[.,](\d{1,9}))?S)?)?$`)

// parsePeriod reads an ISO 8601 duration.
func parsePeriod(text string) (period, bool) {
	m := isoDuration.FindStringSubmatch(text)
	if m == nil || strings.Join(m[2:6], "")+strings.TrimPrefix(m[6], "T") == "" || m[6] == "T" {
		return period{}, false
	}
	sign := 1
	if m[1] == "-" {
		sign = -1
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(m[i])
		return sign * n
	}
	fraction, _ := strconv.Atoi((m[10] + "000000000")[:9])
	if strings.HasPrefix(m[9], "-") {
		fraction = -fraction
	}
	return period{
		years: number(2), months: number(3), days: 7*number(4) + number(5),
		clock: time.Duration(number(7))*time.Hour + time.Duration(number(8))*time.Minute + time.Duration(number(9))*time.Second + time.Duration(sign*fraction),
	}, true
}

var zoneName = regexp.MustCompile(`\[([A-Za-z0-9/_+-]+)\]$`)

// parseDate reads an ISO 8601 date and time with an offset, a zone name or both.
func parseDate(text string) (time.Time, bool) {
	zone := time.UTC
	named := zoneName.FindStringSubmatch(text)
	if named != nil {
		loaded, err := time.LoadLocation(named[1])
		if err != nil {
			return time.Time{}, false
		}
		zone, text = loaded, strings.TrimSuffix(text, named[0])
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	if named != nil {
		t, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", text, zone)
		return t, err == nil
	}
	return time.Time{}, false
}

// prefix of a repeating interval: R, R3, with an optional start.
var repetition = regexp.MustCompile(`^R([^/]*)/(?:([^/]+)/)?([^/]*)$`)

// parseCycle reads a repeating interval or a cron expression with seconds.
func parseCycle(text string, now time.Time) (schedule, error) {
	if !strings.HasPrefix(text, "R") {
		return parseCron(text, now)
	}
	if !strings.Contains(text, "/") {
		return schedule{}, zeebeError("No interval given")
	}
	m := repetition.FindStringSubmatch(text)
	if m == nil {
		return schedule{}, zeebeError("Repetition spec must start with R")
	}
	times := -1
	if m[1] != "" {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return schedule{}, zeebeError("Cannot parse repetitions count")
		}
		times = max(n, -1)
	}
	p, ok := parsePeriod(m[3])
	if !ok {
		kind := "Period"
		if strings.Contains(m[3], "T") {
			kind = "Duration"
		}
		return schedule{}, zeebeError("Text cannot be parsed to a " + kind)
	}
	first := p.after(now)
	if m[2] != "" {
		start, ok := parseDate(m[2])
		if !ok {
			return schedule{}, zeebeErrorf("Text '%s' could not be parsed as a date", m[2])
		}
		first = maxTime(start, now)
	}
	return schedule{due: first.UnixMilli(), more: more(times), repeat: p.after}, nil
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func more(times int) int {
	if times < 0 {
		return -1
	}
	return max(0, times-1)
}

var cronParser = cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

func parseCron(text string, now time.Time) (schedule, error) {
	parts := len(strings.Fields(text))
	if parts != 6 && !strings.HasPrefix(text, "@") {
		return schedule{}, zeebeErrorf("Cron expression contains %d parts but we expect one of [6]", parts)
	}
	c, err := cronParser.Parse(text)
	if err != nil {
		return schedule{}, err
	}
	next := c.Next(now)
	if next.IsZero() {
		return schedule{}, fmt.Errorf("cron expression %q never fires", text)
	}
	return schedule{due: next.UnixMilli(), more: -1, repeat: c.Next}, nil
}

// when evaluates a timer in a scope.
func (t *timerSpec) when(scope feel.Scope, now time.Time) (schedule, *failure) {
	v, warnings, f := t.text.eval(scope)
	if f != nil {
		return schedule{}, f
	}
	switch t.kind {
	case bpmn.TimeDuration:
		return t.duration(v, warnings, now)
	case bpmn.TimeDate:
		return t.date(v, warnings)
	}
	return t.cycle(v, warnings, now)
}

func (t *timerSpec) duration(v feel.Value, warnings []feel.Warning, now time.Time) (schedule, *failure) {
	var p period
	if s, ok := v.AsString(); ok {
		if p, ok = parsePeriod(s); !ok {
			return schedule{}, extractError("Invalid duration format '" + s + "' for expression '" + t.text.source + "'.")
		}
	} else if d, ok := v.AsDaysTimeDuration(); ok {
		p.clock = d
	} else if months, ok := v.AsYearsMonths(); ok {
		p.months = months
	} else {
		return schedule{}, t.text.wrongType("[DURATION, PERIOD, STRING]", v, warnings)
	}
	return schedule{due: p.after(now).UnixMilli()}, nil
}

func (t *timerSpec) date(v feel.Value, warnings []feel.Warning) (schedule, *failure) {
	at, f := t.moment(v, warnings, "")
	if f != nil {
		return schedule{}, f
	}
	return schedule{due: at.UnixMilli()}, nil
}

// moment reads a point in time; also names what else the caller takes. A local date-time is one of this machine's zone.
func (t *timerSpec) moment(v feel.Value, warnings []feel.Warning, also string) (time.Time, *failure) {
	if s, ok := v.AsString(); ok {
		at, ok := parseDate(s)
		if !ok {
			return at, extractError("Invalid date-time format '" + s + "' for expression '" + t.text.source + "'.")
		}
		return at, nil
	}
	if at, ok := v.AsTime(); ok {
		return at, nil
	}
	if v.Kind() == feel.KindLocalDateTime {
		at, err := time.ParseInLocation("2006-01-02T15:04:05", v.String(), time.Local)
		if err == nil {
			return at, nil
		}
	}
	return time.Time{}, t.text.wrongType("["+also+"DATE_TIME, STRING]", v, warnings)
}

func (t *timerSpec) cycle(v feel.Value, warnings []feel.Warning, now time.Time) (schedule, *failure) {
	s, ok := v.AsString()
	if !ok {
		return schedule{}, t.text.wrongType("STRING", v, warnings)
	}
	c, err := parseCycle(strings.TrimSpace(s), now)
	if err != nil {
		return schedule{}, extractError(err.Error())
	}
	return c, nil
}

// timer compiles a timer definition; static text is checked at once.
func (c *compiler) timer(el *bpmn.Element, ev *bpmn.Event) *timerSpec {
	if len(ev.Timers) == 0 {
		return nil
	}
	b := ev.Timers[0]
	x, err := compileExpression(b.Value, c.clock)
	if err != nil {
		c.complain(ev.Place, syntaxError(b.Value, err))
		return nil
	}
	t := &timerSpec{kind: b.Kind, text: x}
	if x.program == nil {
		c.checkTimer(el, t)
	}
	return t
}

var timerNames = map[bpmn.TimerKind]string{bpmn.TimeDate: "date", bpmn.TimeDuration: "duration", bpmn.TimeCycle: "cycle"}

func (c *compiler) checkTimer(el *bpmn.Element, t *timerSpec) {
	if _, f := t.when(feel.Map(nil), c.clock()); f != nil {
		c.complain(el.Place, zeebeErrorf("Invalid timer %s expression (%s)", timerNames[t.kind], f.text))
	}
}

// startTimers evaluates the timers of a process's start events, which see no variables.
func (c *compiler) startTimers(root *node) {
	for _, n := range root.children {
		if n.el.Type == bpmn.TypeStartEvent && n.catch != nil && n.catch.timer != nil && n.catch.timer.text.program != nil {
			c.checkTimer(n.el, n.catch.timer)
		}
	}
}

// timerSub is a timer event that an instance waits for.
type timerSub struct {
	in    *instance
	node  *node
	when  schedule
	alarm *alarm
}

func (e *Engine) prepareTimer(in *instance, n *node, scope *instance) (subscription, *failure) {
	when, f := n.catch.timer.when(scope, e.options.Now())
	if f != nil {
		return nil, f
	}
	return &timerSub{in: in, node: n, when: when}, nil
}

func (s *timerSub) catch() *node { return s.node }

func (s *timerSub) open(e *Engine) { s.alarm = e.at(s.when.due, s.fire) }

func (s *timerSub) close(e *Engine) { e.cancelAlarm(s.alarm) }

func (s *timerSub) fire(e *Engine) {
	if next, ok := s.when.next(e.options.Now()); ok && !s.node.interrupts {
		s.when = next
		s.alarm = e.at(next.due, s.fire)
	}
	e.push(step{op: opTrigger, in: s.in, node: s.node})
}

// next gives the following time, not before now: what was missed is not made up for.
func (s schedule) next(now time.Time) (schedule, bool) {
	if s.repeat == nil || s.more == 0 {
		return s, false
	}
	at := s.repeat(time.UnixMilli(s.due))
	if at.Before(now) {
		at = now
	}
	s.due = at.UnixMilli()
	if s.more > 0 {
		s.more--
	}
	return s, true
}
