// Package feel evaluates FEEL, the expression language of DMN, in Camunda's dialect: what feel-engine 1.21 (Camunda 8.9)
// answers, this package answers, warnings included. It stands alone and imports nothing of this project.
//
//	p, err := feel.Compile(`{total: sum(items.price), vip: customer.level = "gold"}`)
//	res, err := p.Eval(ctx, feel.ScopeOf(variables))
//	body := res.Value.JSON() // res.Warnings tell why a part of it is null
//
// A Program is compiled once and evaluated from any number of goroutines. Variables come from a Scope, by name and only
// when they are used; functions of the host are added with WithFunctions. Values are immutable.
//
// # Errors
//
// What cannot be parsed is a SyntaxError with line, column and caret. Nearly everything else becomes null with a Warning
// of one of the codes below, because Camunda's engine does so: a missing variable or entry, an operator on values of the
// wrong types, a comparison of different types, a function that does not exist or refuses its arguments. An evaluation
// fails with an EvalError where
//   - assert finds its condition not fulfilled, anywhere in the expression (ErrAssert),
//   - an operation has no answer in Camunda's engine either: log(0), modulo(1, 0), 0 ** -1, substring outside of the
//     text, an order of lists, a time zone that does not exist, a relation of ranges given points, a call of a function
//     that its context does not have, "?" outside of unary tests (ErrFailed),
//   - a function of the host gives an error, which errors.Is and errors.As find,
//   - a limit is exceeded (ErrLimit, see Limits) or the context is done.
//
// # Rules that surprise
//
// Keywords need no blank after them (`ifx then y`). A name with blanks stands in backticks, except as the key of a
// context and as a function's name. Functions of a context are callable but no entries; a parameter that holds a function
// is no function to call. A list is never coerced from or to its only item. Filters see the entries of an item before
// "item" and before variables. Iterators of a for do not see each other. `x in a and b` tests x against `a and b`. The
// literals date("..."), time("..."), date and time("..."), duration("...") and @"..." are null without a warning when
// they cannot be read; the same functions on other expressions warn.
//
// # Numbers
//
// Numbers are decimals of 34 digits, rounded half even, which keep trailing zeros as Java's BigDecimal does: 1.50 + 1 is
// written 2.50 by string(). They leave as JSON as integers where they are whole and as doubles otherwise. Short numbers
// are calculated in an int64 with decimal places, which is what makes evaluation fast; longer ones by cockroachdb/apd.
//
// # Differences
//
// The answer differs from Camunda's on purpose in these cases, each of which TestDifferences holds:
//   - Integers beyond 64 bits keep their digits in JSON. feel-engine gives a double; Zeebe 8.8 wraps them.
//   - Numbers beyond doubles become the strings "Infinity" and "-Infinity" in JSON, so that the document can be read.
//   - A duration divided by a number is exact; Java cuts its milliseconds to 32 bits, from 24 days on with a wrong result.
//   - Entries always keep their order; in Camunda's engine those of variables, and more than four of context merge or
//     context(), are in hash order.
//   - A filter keeps the string "_", which Camunda's engine uses as a mark and so loses.
//   - Names that begin with "and" or "or" may be called (order(1)); Camunda's parser refuses them.
//   - A character beyond the basic plane is not cut in two by split, and half of one taken by substring is U+FFFD.
//   - A failure inside of the body of for is null in the list; Camunda's engine lets its internal error value into it.
//   - Functions are null in JSON, as in Zeebe, and so are ranges within a list or context (a range alone fails).
//   - Java functions (external) are a syntax error; Camunda refuses them at deployment, too, by configuration.
//   - The input variable of unary tests is always "cellInput"; a variable inputVariableName does not rename it.
//   - \G in regular expressions, and the flags (?d) and (?U), do not have their meaning of Java.
//   - Doubles as string() writes them (sqrt, log, exp, stddev) have the shortest digits; Java 17 sometimes writes one more.
//   - Texts of warnings are Camunda's, but long values are shortened, Scala's own names (Vector, ConstRange) are left out,
//     and the failure to read a temporal value always names the same kind.
//
// Of Zeebe's own functions cycle and fromAi are built in.
package feel
