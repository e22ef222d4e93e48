package conformance

// difference is a case in which patchbay does something else than Camunda's
// runtime 8.8.7, on purpose.
type difference struct {
	// Reason is the sentence of the documentation.
	Reason string
	// Want is what is expected instead, in the form of the recordings.
	Want string
}

// differences are the cases with another outcome, by name.
var differences = map[string]difference{}
