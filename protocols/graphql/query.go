package graphql

import "strings"

// unescape undoes the JSON escapes of a query that was pasted with them. Such
// a query has backslashes outside its string literals, which GraphQL does not
// know, so any other query is left alone.
func unescape(query string) string {
	if strings.IndexByte(query, '\\') < 0 {
		return query
	}
	escaped := false
	scan(query, func(c byte) { escaped = escaped || c == '\\' })
	if !escaped {
		return query
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n", `\r`, "\n", `\t`, "\t").Replace(query)
}

// readsOnly reports whether a document has neither mutations nor
// subscriptions.
func readsOnly(query string) bool {
	depth := 0
	var word []byte
	reads := true
	end := func() {
		if depth == 0 && (string(word) == "mutation" || string(word) == "subscription") {
			reads = false
		}
		word = word[:0]
	}
	scan(query, func(c byte) {
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || '0' <= c && c <= '9':
			word = append(word, c)
			return
		case c == '{':
			end()
			depth++
			return
		case c == '}':
			depth--
		}
		end()
	})
	end()
	return reads
}

// scan calls visit for every character outside string literals and comments.
func scan(query string, visit func(c byte)) {
	for i := 0; i < len(query); {
		switch {
		case strings.HasPrefix(query[i:], `"""`):
			i = past(query, i+3, `"""`)
		case query[i] == '"':
			i = pastString(query, i+1)
		case query[i] == '#':
			i = past(query, i, "\n")
		default:
			visit(query[i])
			i++
		}
	}
}

func past(query string, from int, end string) int {
	at := strings.Index(query[from:], end)
	if at < 0 {
		return len(query)
	}
	return from + at + len(end)
}

func pastString(query string, i int) int {
	for ; i < len(query) && query[i] != '"' && query[i] != '\n'; i++ {
		if query[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(query))
}
