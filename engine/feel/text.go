package feel

import "strings"

// appendText writes a value as in Camunda's texts: strings in quotes, numbers with their zeros, contexts and lists with
// ", " between the parts.
func (v Value) appendText(dst []byte, limit int) []byte {
	switch v.kind {
	case KindNull:
		return append(dst, "null"...)
	case KindBoolean:
		if v.bool() {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case KindNumber:
		return v.appendNumber(dst)
	case KindString:
		return append(append(append(dst, '"'), v.str()...), '"')
	case KindList:
		return appendListText(dst, v.items(), limit)
	case KindContext:
		return appendContextText(dst, v.context(), limit)
	case KindRange:
		return v.ref.(*rangeValue).appendText(dst, limit)
	case KindFunction:
		return append(append(append(dst, "function("...), strings.Join(v.function().params, ", ")...), ')')
	case kindError, kindFatal:
		return append(append(append(dst, `error("`...), v.str()...), `")`...)
	}
	return appendTemporal(dst, v, asText)
}

func appendListText(dst []byte, items []Value, limit int) []byte {
	dst = append(dst, '[')
	for i, item := range items {
		if len(dst) > limit {
			return dst
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = item.appendText(dst, limit)
	}
	return append(dst, ']')
}

func appendContextText(dst []byte, c *contextValue, limit int) []byte {
	dst = append(dst, '{')
	for i, e := range c.entries {
		if len(dst) > limit {
			return dst
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = e.Value.appendText(append(append(dst, e.Name...), ':'), limit)
	}
	return append(dst, '}')
}

func (r *rangeValue) appendText(dst []byte, limit int) []byte {
	open, closing := byte('('), byte(')')
	if r.startClosed {
		open = '['
	}
	if r.endClosed {
		closing = ']'
	}
	dst = r.start.appendText(append(dst, open), limit)
	return append(r.end.appendText(append(dst, ".."...), limit), closing)
}
