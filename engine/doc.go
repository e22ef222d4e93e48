// Package engine is the connector core: it turns a job into a call of a
// protocol and the call's end into the job's outcome.
//
//	bind (requestExpression, secrets, input) -> call -> map (result) -> decide (error expression) -> outcome
//
// It knows neither the gateway, whose jobs package engine/zeebe brings and whose
// commands it sends, nor any protocol in particular.
//
// # Steps of a job
//
//  1. The task headers are read: retryBackoff, and the three expressions, which
//     are compiled once for all jobs.
//  2. The protocol is found: header "protocol", else the template of the job
//     type, else the type that a protocol has built in.
//  3. The header jobTimeout moves the end of the job's lock.
//  4. The variables that the protocol reads are overlaid with what
//     requestExpression yields, secrets are resolved in them, and they are bound
//     to the protocol's input.
//  5. The call is made under its policies (callPolicy) and the end of the lock.
//  6. resultVariable gets the response; what resultExpression yields comes over it.
//  7. errorExpression is asked, after success and failure alike: bpmnError throws,
//     jobError fails, ignoreError completes; otherwise a failure fails the job
//     and a success completes it.
//
// # Differences from Camunda's connector runtime (8.8 to 8.10), on purpose
//
// Where the versions differ, the later one is followed: jobError keeps its
// variables. ignoreError is a function, and bpmnError takes a code alone. The
// header jobTimeout counts, and one that is no duration fails the job before the
// call. Other than in any of them:
//
//   - An expression without a leading "=" is jq. Camunda takes it for FEEL.
//   - In errorExpression, response is always the response itself, overlaid with
//     the output variables. Camunda shows the output variables instead of it.
//   - A jq expression that does not compile stops the job before the call. A
//     mapping that fails after the call leaves no retries, as a repetition would
//     only repeat the call's effect; Camunda repeats some of them.
//   - A jobError written by hand without retries means none; there Camunda fails
//     with an internal error.
//   - Secrets are resolved once, in the variables that the protocol reads and
//     nowhere else, and only those that the element's author wrote, where the
//     model is known. Camunda scans the text of all variables, resolved secrets
//     included (see package secret for more).
//   - A call ends with its job's lock, and so do its repetitions.
//   - Incidents do not show the data that an expression saw, but the reason and
//     the place with a caret; for a missing secret they say how to provide it.
//     The suffix " | Error variables: {...}" of 8.10 is left out unless
//     Options.VerboseFailures asks for it, for the variables are there already.
//   - Inputs that do not fit are named by their path and what was expected, not in
//     the words of Java's libraries. error.type still has Camunda's class names. A
//     number with a fraction is no whole number, and one other than 0 and 1 is no
//     boolean; there the fraction is cut off, and the other counts as true.
//   - job in an errorExpression has more than retries: key, type, elementId,
//     bpmnProcessId, processInstanceKey and headers. A resultVariable has no blanks
//     around it, and a negative back-off is none.
//   - A failure whose variables are too large for a command loses error.variables
//     instead of running into its time-out again and again.
//   - A job that breaks a constraint of its element's template, where the catalog
//     knows that version, fails before the call; the message names the property's
//     label. Camunda checks them in the modeler only.
//   - A panic in a connector fails the job. Numbers keep all their digits.
//   - A response may hold secrets that the server sent back; as with Camunda,
//     results are not masked.
package engine
