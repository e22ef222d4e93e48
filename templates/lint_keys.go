package templates

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"patchbay/engine/spell"
)

// shape is what an object of a template may hold: its keys, with the shapes of
// the objects below them. The keys are those that our schema names.
type shape map[string]shape

// keysOf makes a shape of names, and of the members that have shapes.
func keysOf(names string, below shape) shape {
	s := maps.Clone(below)
	if s == nil {
		s = shape{}
	}
	for name := range strings.FieldsSeq(names) {
		s[name] = nil
	}
	return s
}

var (
	simpleConditionShape = keysOf("type property equals oneOf isActive isEmpty", nil)
	conditionShape       = keysOf("type property equals oneOf isActive isEmpty", shape{"allMatch": simpleConditionShape})
	bindingShape         = keysOf("type name source key property linkName eventType retries", shape{"headers": keysOf("key value", nil)})
	choiceShape          = keysOf("name value", shape{"condition": conditionShape})
	constraintsShape     = keysOf("notEmpty minLength maxLength", shape{"pattern": keysOf("value message", nil)})
	fieldShape           = shape{"choices": choiceShape, "constraints": constraintsShape, "condition": conditionShape, "binding": bindingShape, "generatedValue": keysOf("type", nil)}
	propertyShape        = keysOf(`id label description tooltip placeholder group type editable value optional feel language
		configurationTemplate configurationTemplateVersion secret`, fieldShape)
	stepShape     = keysOf("name description keywords presetId", shape{"steps": keysOf("name description keywords presetId steps", nil)})
	groupShape    = keysOf("id label tooltip openByDefault", nil)
	templateShape = keysOf("$schema id name version description documentationRef isDefault metadata keywords appliesTo", shape{
		"steps":      stepShape,
		"deprecated": keysOf("message documentationRef", nil), "elementType": keysOf("value eventDefinition", nil),
		"engines": nil, "category": keysOf("id name", nil), "icon": keysOf("contents", nil), "groups": groupShape,
		"properties": propertyShape, "presets": keysOf("id properties", nil),
		"entriesVisible":         keysOf("outputs executionListeners taskListeners", nil),
		"configurationTemplates": keysOf("$schema id name version description kind icon documentationRef keywords category engines", shape{"properties": propertyShape, "groups": groupShape}),
	})
)

func (l *linter) unknownKeys() {
	l.keys("", l.value.value, templateShape)
}

// keys warns of keys that no shape names. An array is looked at item by item.
func (l *linter) keys(pointer string, value any, s shape) {
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			l.keys(pointer+"/"+strconv.Itoa(i), item, s)
		}
	case map[string]any:
		for key, item := range value {
			below, known := s[key]
			at := pointer + "/" + pointerToken(key)
			switch {
			case strings.HasPrefix(key, "//"): // a comment, by custom
			case !known:
				l.warn(at, "unknown-key", "", fmt.Sprintf("templates have no key %q here%s", key, spell.DidYouMean(key, s.names())), "modelers pass over it; correct or remove it")
			case below != nil:
				l.keys(at, item, below)
			}
		}
	}
}

func (s shape) names() []string { return slices.Sorted(maps.Keys(s)) }

// pointerToken writes a key as a token of a JSON pointer (RFC 6901, section 3).
func pointerToken(key string) string { return pointerEscapes.Replace(key) }

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")
