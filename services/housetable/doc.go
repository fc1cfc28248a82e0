// Package housetable is the domain of the House Table Service: warehouses,
// namespaces, house tables (the pointers to the metadata of tables, views and
// functions), their history, the records of operations, and jobs.
//
// It owns the rules by which a change applies or does not, and it promises its
// callers four things, whatever store is behind it:
//
//   - A [Commit] is applied whole or not at all, together with the history and
//     the records of its operations.
//   - Every change is judged on the state before its commit, so the order of
//     the changes in a commit means nothing.
//   - Of several commits that expect the same state, one is applied; the others
//     get a [Conflict] that names what is there now and who put it there.
//   - A commit whose operation was recorded before changes nothing and gets the
//     record, for as long as records are kept.
//
// Transport and SQL live below internal; this package knows neither.
package housetable
