// Package graphql calls GraphQL APIs: the job type
// io.camunda:connector-graphql:1, with the inputs, results and error codes that
// Camunda's connector has, and an operation name and partial data besides.
//
// The response is that of package rest: {status, headers, body, reason,
// document}, with the GraphQL answer as its body. An answer with errors is an
// error with the code GRAPHQL_ERROR, all their messages as its message and
// {response: {headers, body}} as its variables, where the body has the paths,
// the extensions and the partial data. With the input graphql.acceptPartialData
// an answer that has data is a success all the same. Other errors are those of
// package rest.
//
// # Differences from Camunda's connector
//
//   - The message has all errors rather than the first.
//   - A query that was pasted with its JSON escapes (\n, \") is unescaped, but
//     a query that is not keeps the backslashes of its string literals.
//   - An operation name, client certificates and partial data are possible.
//   - What package rest lists holds here too.
package graphql
