package templates

// Rule describes one of the rules that templates are held to.
type Rule struct {
	// ID is what Finding.Rule holds: "unknown-condition".
	ID string
	// Severity is that of most findings of the rule.
	Severity string
	// Summary says in a few words what is found.
	Summary string
	// Help says why it matters and what to do, for people.
	Help string
}

// Rules lists all rules, in the order in which a text is looked at.
func Rules() []Rule { return append([]Rule{}, rules...) }

var rules = []Rule{
	{"syntax", SeverityError, "The text is not JSON",
		"A template is one JSON object in UTF-8, or an array of them, of at most 4 MiB, with keys and numbers of a sane length. Correct the text at the place that the finding names."},
	{"too-many", SeverityError, "The template has too many properties",
		"A template may have 2,000 properties and a file 20,000, ten times as many as any template known. Split it."},
	{"schema", SeverityError, "The template breaks the schema of element templates",
		"Modelers refuse what their schema refuses, so the catalog does as well. The finding says what is expected at its place."},
	{"duplicate-key", SeverityWarning, "A key appears twice in one object",
		"Only the last one counts, so what stands before is lost without a word. Remove one of them."},
	{"no-schema", SeverityWarning, "The template does not name the schema of Zeebe templates",
		"Modelers tell templates for Zeebe from others by $schema and pass over those without it. Let it be a URL of " + schemaPackage + "."},
	{"id", SeverityError, "The id cannot name a template",
		"The id stands in URLs and in every diagram that uses the template. It has 1 to 255 bytes without control characters, such as \"com.example.rates\"."},
	{"version-range", SeverityError, "The version is out of range",
		"Modelers are JavaScript, in which numbers above 9007199254740991 lose digits; below 0 stands nothing, since a template without a version counts as version 0. Count up from 1."},
	{"no-version", SeverityWarning, "The template has no version",
		"Without a version a published template can never be replaced by a better one. Add \"version\": 1."},
	{"version-not-raised", SeverityWarning, "The version is published already with another text",
		"Diagrams keep the version that they were made with, so a published version never changes. Raise the version."},
	{"unknown-group", SeverityWarning, "A property names a group that is not there",
		"The modeler shows such a property apart from all groups. Add the group to groups, or name one that is there."},
	{"unknown-protocol", SeverityError, "There is no protocol of that name",
		"The hidden property \"protocol\" says which protocol serves the template's job type. Name one that there is."},
	{"unknown-type", SeverityWarning, "Nothing serves the template's type",
		"Jobs of this type wait until somebody else serves them. Name a protocol with a hidden zeebe:taskHeader \"protocol\", or map the type to a served one in the configuration (--job-type)."},
	{"no-result", SeverityWarning, "The connector's answer is lost",
		"Without a property that is bound to the task header resultExpression or resultVariable, nothing of the answer reaches the process. Add one, with a description of what it sees."},
	{"no-result-help", SeverityWarning, "The result expression is not explained",
		"Whoever applies the template cannot know the form of the answer. Add a description or tooltip with an example."},
	{"unknown-key", SeverityWarning, "A key that templates do not have",
		"Modelers pass over keys that they do not know, so a misspelt one does nothing. Correct or remove it."},
	{"unknown-condition", SeverityWarning, "A condition names a property that is not there",
		"Such a condition never holds, so the property is never shown or written. Name the id of a property."},
	{"duplicate-id", SeverityWarning, "Two properties have one id",
		"Conditions and presets see only the first one. Rename one of them."},
	{"duplicate-binding", SeverityWarning, "Two properties write to the same place",
		"When both are active, the modeler keeps one value and loses the other. Give them conditions that exclude each other."},
	{"unknown-choice", SeverityWarning, "The default is none of the choices",
		"The modeler shows an empty list and writes a value that nobody chose. Let the default be one of the choices."},
	{"broken-pattern", SeverityWarning, "A pattern does not compile",
		"Patterns are regular expressions of JavaScript. One that does not compile is not checked."},
	{"clear-secret", SeverityWarning, "A secret in clear text",
		"Templates are read by everybody who opens a diagram, and defaults are copied into it. Write {{secrets.NAME}} and give the secret to the server. A secret that was published must be replaced."},
	{"broken-expression", SeverityWarning, "An expression does not compile",
		"An expression that begins with = is FEEL; anything else in requestExpression, resultExpression, errorExpression and the like is jq. It fails when a process reaches it. In a template that names its own protocol it is an error."},
	{"unknown-function", SeverityWarning, "A FEEL expression calls a function that does not exist",
		"In FEEL such a call is null, and what is made of it is lost without a word. Correct the name; a function of the expression's own must be defined before it is called."},
	{"wrong-arguments", SeverityWarning, "A FEEL expression calls a function with arguments that it does not take",
		"In FEEL a call with too few or too many arguments, or with wrong names, is null, and what is made of it is lost without a word. Correct the arguments."},
	{"misplaced-function", SeverityWarning, "A function that decides on errors stands where nothing does",
		"What bpmnError, jobError and ignoreError return has an effect in the task header errorExpression only; elsewhere FEEL yields null, and jq does not compile. Move the call there; $error is null and . the response when the call went well. In jq, in a template that names its own protocol, it is an error."},
	{"assigning-condition", SeverityWarning, "A condition in jq assigns",
		"In jq = assigns and yields the changed input, which counts as true whatever was there. To compare, write ==."},
	{"unknown-input", SeverityWarning, "Nobody reads the input",
		"The protocol has no input of that name, and no expression of the template uses it as a variable, so its value is lost; so are keys of the object that a request expression yields. Correct the name."},
	{"unknown-header", SeverityWarning, "The task header is misspelt",
		"The name is nearly that of a task header that has a meaning, but not the same, so it has none. Correct the key."},
}
