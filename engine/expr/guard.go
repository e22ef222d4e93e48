package expr

// gojq bounds neither memory nor the time of a single operation, so the guard
// rewrites a query before it is compiled: operators and functions that can
// multiply data, or walk it in one go, get checks round their operands and
// results. Checks are functions that return their input; their names hold a
// blank, so no query can call or shadow them. The last argument of each is the
// account of the run (see account), which queries get as a variable.

const accountVariable = "$__run"

// Names of the check functions; check.go holds what they do.
const (
	checkTree    = "check tree"    // the size of the whole input
	checkTop     = "check top"     // the size of the input without what it holds
	checkPair    = "check pair"    // two operands, returned as an array
	checkAgainst = "check against" // an argument together with the input
	checkIndex   = "check index"   // a number used as an array index
	checkPath    = "check path"    // a path, or an array of paths
	checkStream  = "check stream"  // an event of a stream: [path, value]
	checkRegexp  = "check regexp"  // a regular expression made at run time
	checkText    = "check text"    // a text to be matched
	checkMatrix  = "check matrix"  // an array of arrays to be transposed
	checkDigits  = "check digits"  // a text that becomes a number
	checkJSON    = "check JSON"    // a text that becomes a value
)

// guarded says what to check of a function's input and of its arguments; the
// last entry of args counts for all further arguments, and "" checks nothing.
type guarded struct {
	input string
	args  []string
}

var guards = func() map[string]guarded {
	tree := []string{checkTree}
	regexp := []string{checkRegexp, checkTree}
	against := []string{checkAgainst}
	m := map[string]guarded{
		"IN": {checkTree, tree}, "INDEX": {"", tree}, "JOIN": {"", tree},
		"join": {checkTree, against}, "contains": {checkTree, against}, "inside": {checkTree, against},
		"index": {checkTree, against}, "rindex": {checkTree, against}, "indices": {checkTree, against},
		"transpose": {checkMatrix, nil},
		"nth":       {"", []string{checkIndex, ""}},
		"getpath":   {"", []string{checkPath}}, "delpaths": {"", []string{checkPath}},
		"setpath":    {"", []string{checkPath, checkTop}},
		"fromstream": {"", []string{checkStream}}, "truncate_stream": {"", []string{checkStream}},
		"test":  {checkTop, regexp},
		"match": {checkText, regexp}, "capture": {checkText, regexp}, "scan": {checkText, regexp},
		"sub": {checkText, regexp}, "gsub": {checkText, regexp}, "splits": {checkText, regexp},
		"split":    {checkText, []string{checkTop, checkTree}},
		"strftime": {"", []string{checkAgainst}}, "strflocaltime": {"", []string{checkAgainst}},
		"format":   {checkTree, nil},
		"tonumber": {checkDigits, nil},
		"fromjson": {checkJSON, nil},
	}
	for _, name := range []string{"add", "sort_by", "group_by", "unique_by", "min_by", "max_by", "bsearch", "flatten"} {
		m[name] = guarded{checkTree, tree}
	}
	for _, name := range []string{
		"tojson", "tostring", "implode", "explode", "sort", "unique", "min", "max", "todate", "ascii_downcase",
		"ascii_upcase", "tostream", "length", "utf8bytelength", "error",
	} {
		m[name] = guarded{checkTree, nil}
	}
	for _, name := range []string{"reverse", "keys", "to_entries", "with_entries", "splits", "ltrimstr", "rtrimstr", "trim", "ltrim", "rtrim"} {
		if _, ok := m[name]; !ok {
			m[name] = guarded{checkTop, nil}
		}
	}
	// These are cheap for what they are mostly applied to.
	delete(m, "length")
	return m
}()

// refused are jq's doors to the outside.
var refused = map[string]string{
	"env":               "the environment is not available",
	"$ENV":              "the environment is not available",
	"input":             "there is no further input",
	"inputs":            "there is no further input",
	"input_filename":    "there is no further input",
	"input_line_number": "there is no further input",
	"debug":             "debug is not available",
	"stderr":            "stderr is not available",
	"halt":              "halt is not available",
	"halt_error":        "halt_error is not available",
	"modulemeta":        "modules are not available",
	"get_search_list":   "modules are not available",
}

// refusal is a name in a query that it may not use.
type refusal struct{ name, why string }

func (e *refusal) Error() string { return e.why }
