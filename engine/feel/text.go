package feel

import "strings"

// appendText writes a value as in Camunda's texts: strings in quotes, numbers with their zeros, contexts and lists with
// ", " between the parts.
func (v Value) appendText(dst []byte) []byte {
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
		return appendListText(dst, v.items())
	case KindContext:
		return appendContextText(dst, v.context())
	case KindRange:
		return v.ref.(*rangeValue).appendText(dst)
	case KindFunction:
		return append(append(append(dst, "function("...), strings.Join(v.function().params, ", ")...), ')')
	case kindError, kindFatal:
		return append(append(append(dst, `error("`...), v.strAny()...), `")`...)
	}
	return appendTemporal(dst, v, asText)
}

func appendListText(dst []byte, items []Value) []byte {
	dst = append(dst, '[')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = item.appendText(dst)
	}
	return append(dst, ']')
}

func appendContextText(dst []byte, c *contextValue) []byte {
	dst = append(dst, '{')
	for i, e := range c.entries {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = e.Value.appendText(append(append(dst, e.Name...), ':'))
	}
	return append(dst, '}')
}

func (r *rangeValue) appendText(dst []byte) []byte {
	open, closing := byte('('), byte(')')
	if r.startClosed {
		open = '['
	}
	if r.endClosed {
		closing = ']'
	}
	dst = r.start.appendText(append(dst, open))
	return append(r.end.appendText(append(dst, ".."...)), closing)
}
