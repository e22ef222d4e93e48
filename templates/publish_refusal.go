package templates

import "fmt"

// ConflictError means that a version exists already with another text.
type ConflictError struct {
	ID      string
	Version int64
	// Existing and New are the two texts; nobody has that of a deleted version.
	Existing, New []byte
	// BuiltIn is set when the version comes with the program, Deleted when it
	// was published once and deleted.
	BuiltIn, Deleted bool
}

// Error names the version and says what to do.
func (e *ConflictError) Error() string {
	what := "is published already with another text"
	switch {
	case e.BuiltIn:
		what = "is a built-in template"
	case e.Deleted:
		what = "was deleted and had another text, with which diagrams may have been made"
	}
	return fmt.Sprintf("template %s@%d %s; raise the version", e.ID, e.Version, what)
}

// OrderError means that a version was published that is lower than the latest
// one: modelers that have the later one would never see it.
type OrderError struct {
	ID              string
	Version, Latest int64
}

// Error names the versions and says what to do.
func (e *OrderError) Error() string {
	return fmt.Sprintf("template %s@%d comes too late: version %d is published already, and versions only rise; make it version %d", e.ID, e.Version, e.Latest, e.Latest+1)
}
