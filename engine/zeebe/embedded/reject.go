package embedded

import (
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// reject words a refused command as Zeebe's gateway does.
func reject(code codes.Code, kind, intent, format string, args ...any) error {
	return status.Errorf(code, "Command '%s' rejected with code '%s': %s", intent, kind, fmt.Sprintf(format, args...))
}

func notFound(intent, format string, args ...any) error {
	return reject(codes.NotFound, "NOT_FOUND", intent, format, args...)
}

func invalidArgument(intent, format string, args ...any) error {
	return reject(codes.InvalidArgument, "INVALID_ARGUMENT", intent, format, args...)
}

func invalidState(intent, format string, args ...any) error {
	return reject(codes.FailedPrecondition, "INVALID_STATE", intent, format, args...)
}

func alreadyExists(intent, format string, args ...any) error {
	return reject(codes.AlreadyExists, "ALREADY_EXISTS", intent, format, args...)
}

// exhausted refuses what would go beyond a bound of the engine.
func exhausted(format string, args ...any) error {
	return status.Errorf(codes.ResourceExhausted, format, args...)
}

// zeebeError is an error whose words are Zeebe's, whatever our own style is.
type zeebeError string

// Error implements error.
func (e zeebeError) Error() string { return string(e) }

func zeebeErrorf(format string, args ...any) error { return zeebeError(fmt.Sprintf(format, args...)) }
