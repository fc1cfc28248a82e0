// Package scan owns the planning of scans: which data files hold rows that a
// filter may match, which deletes apply to them, and what of the filter is left
// to check in each. It knows no transport.
//
// It keeps nothing for a client. A plan's id and a plan's tasks are tickets that
// say everything themselves and are signed, so that any replica with the same
// key serves them, and a restart loses none.
//
// It promises that no file with a matching row is ever left out; that nothing is
// written before the request is known to be good; and that memory is bounded by
// the cache and one manifest a running plan, however many files a table has.
//
// Manifests are read with apache/iceberg-go. Filters are decoded and evaluated
// here: they come in the REST protocol's spellings, old and new, and of a
// table's schema at any time.
package scan
