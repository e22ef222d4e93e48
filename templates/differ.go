package templates

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is a place at which two texts differ.
type Difference struct {
	// Pointer is the JSON pointer to it, the same in both texts.
	Pointer string `json:"pointer"`
	// Before and After are what stands there, JSON of at most 200 bytes; empty
	// where nothing does.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Bounds of what Differences returns.
const (
	maxDifferences = 50
	maxDifference  = 200
)

// Differences says where two JSON texts differ, at most 50 places; none means
// that only white space and the order of keys do. Compare says what the
// differences mean.
func Differences(before, after []byte) []Difference {
	x, errX := plainJSON(before)
	y, errY := plainJSON(after)
	if errX != nil || errY != nil {
		return nil
	}
	var d differ
	d.value("", x, y)
	return d.list
}

type differ struct{ list []Difference }

// absent stands for what is not there.
type absent struct{}

func (d *differ) value(pointer string, before, after any) {
	if len(d.list) == maxDifferences {
		return
	}
	switch x := before.(type) {
	case map[string]any:
		if y, both := after.(map[string]any); both {
			d.object(pointer, x, y)
			return
		}
	case []any:
		if y, both := after.([]any); both {
			d.array(pointer, x, y)
			return
		}
	}
	if !sameValue(before, after) {
		d.list = append(d.list, Difference{pointer, short(before), short(after)})
	}
}

func (d *differ) object(pointer string, before, after map[string]any) {
	keys := slices.Collect(maps.Keys(before))
	for key := range after {
		if _, both := before[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		d.value(pointer+"/"+pointerEscaper.Replace(key), memberOr(before, key), memberOr(after, key))
	}
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

func memberOr(object map[string]any, key string) any {
	if value, has := object[key]; has {
		return value
	}
	return absent{}
}

func (d *differ) array(pointer string, before, after []any) {
	for i := range max(len(before), len(after)) {
		d.value(fmt.Sprintf("%s/%d", pointer, i), itemOr(before, i), itemOr(after, i))
	}
}

func itemOr(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return absent{}
}

func short(value any) string {
	if value == (absent{}) {
		return ""
	}
	text, err := json.Marshal(value)
	if err != nil { // it came from JSON
		return ""
	}
	if len(text) > maxDifference {
		return strings.ToValidUTF8(string(text[:maxDifference]), "") + "..."
	}
	return string(text)
}
