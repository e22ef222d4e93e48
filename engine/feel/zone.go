package feel

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the process may run where no time zones are installed
)

// zone is an offset from UTC and, for a region such as Europe/Berlin, its name and rules.
type zone struct {
	offset int32 // seconds
	id     string
	loc    *time.Location
}

var utc = &zone{}

// locations caches the rules of regions. Only names that exist are kept, so it stays within the size of the database.
var locations sync.Map

// region gives the zone of an IANA name, without an offset as yet; nil when there is none of this name.
func region(id string) *zone {
	if l, ok := locations.Load(id); ok {
		return &zone{id: id, loc: l.(*time.Location)}
	}
	if !isRegionName(id) {
		return nil
	}
	loc, err := time.LoadLocation(id)
	if err != nil {
		return nil
	}
	locations.Store(id, loc)
	return &zone{id: id, loc: loc}
}

// isRegionName keeps file paths and Go's own names from the database look-up.
func isRegionName(id string) bool {
	switch id {
	case "EST", "MST", "HST", "ROC": // not among Java's
		return false
	}
	if len(id) < 2 || len(id) > 64 || id == "Local" || strings.HasPrefix(id, "posix") || strings.HasPrefix(id, "right") {
		return false
	}
	for i := 0; i < len(id); i++ {
		if c := id[i]; !isIdentByte(c) && c != '/' && c != '-' && c != '+' || c == '$' {
			return false
		}
	}
	return id[0] >= 'A' && id[0] <= 'z'
}

// zoneOf reads a zone as Java's ZoneId.of: "Z", an offset in any of its forms, a region, or UTC, GMT and UT with offset.
func zoneOf(id string) *zone {
	if id == "Z" {
		return utc
	}
	if off, ok := anyOffset(id); ok {
		return &zone{offset: off}
	}
	if z := region(id); z != nil {
		return z
	}
	for _, prefix := range []string{"UTC", "GMT", "UT"} {
		rest, ok := strings.CutPrefix(id, prefix)
		if !ok {
			continue
		}
		if off, ok := anyOffset(rest); ok || rest == "" {
			return &zone{offset: off, id: id, loc: time.FixedZone(id, int(off))}
		}
	}
	return nil
}

// anyOffset reads +h, +hh, +hh:mm, +hhmm, +hh:mm:ss and +hhmmss.
func anyOffset(s string) (int32, bool) {
	if len(s) < 2 {
		return 0, false
	}
	digits := s[1:]
	switch {
	case len(digits) == 1:
		digits = "0" + digits
	case len(digits) == 5 && digits[2] == ':':
		digits = digits[:2] + digits[3:]
	case len(digits) == 8 && digits[2] == ':' && digits[5] == ':':
		digits = digits[:2] + digits[3:5] + digits[6:]
	}
	full := s[:1]
	for i := 0; i+2 <= len(digits); i += 2 {
		full += ":" + digits[i:i+2]
	}
	if len(digits)%2 != 0 || len(full) > len("+:00:00:00") {
		return 0, false
	}
	if len(digits) == 2 {
		full += ":00"
	}
	c := cursor{s: full[:1] + full[2:]}
	off, ok := c.offset()
	return off, ok && c.done()
}

// at is the zone with the offset that holds at an instant.
func (z *zone) at(unix int64) *zone {
	if z.loc == nil {
		return z
	}
	if off := offsetAt(z.loc, unix); off != z.offset {
		return &zone{off, z.id, z.loc}
	}
	return z
}

func offsetAt(loc *time.Location, unix int64) int32 {
	_, off := time.Unix(unix, 0).In(loc).Zone()
	return int32(off)
}

// resolve finds the offset of a local time as Java's ZonedDateTime.ofLocal: where clocks are put back the preferred
// offset counts if it is one of the two, else the earlier; where they are put forward the time moves by the gap.
func (z *zone) resolve(local int64, preferred int32) (int64, *zone) {
	if z.loc == nil {
		return local, z
	}
	before, after := offsetAt(z.loc, local-86400), offsetAt(z.loc, local+86400)
	valid := func(off int32) bool { return offsetAt(z.loc, local-int64(off)) == off }
	switch {
	case valid(preferred):
		return local, &zone{preferred, z.id, z.loc}
	case valid(before):
		return local, &zone{before, z.id, z.loc}
	case valid(after):
		return local, &zone{after, z.id, z.loc}
	}
	unix := local - int64(before)
	inZone := z.at(unix)
	return unix + int64(inZone.offset), inZone
}

// standard is the zone with its offset outside of daylight saving time, which a time without a date uses.
func (z *zone) standard(now time.Time) *zone {
	if z.loc == nil {
		return z
	}
	t := now.In(z.loc)
	for month := time.Duration(0); t.IsDST() && month < 12; month++ {
		t = t.Add(30 * 24 * time.Hour)
	}
	_, off := t.Zone()
	return &zone{int32(off), z.id, z.loc}
}
