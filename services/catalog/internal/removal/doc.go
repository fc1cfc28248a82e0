// Package removal owns what deletes files: the purge of dropped tables, what was
// written for tables that were staged and never created, and the sweep of metadata
// files that no pointer will ever name. It knows no transport.
//
// Purges are jobs that the house table service keeps. A replica that claims one
// tells that it is alive; when it falls silent another replica begins anew, which
// is right because a file goes only after all that is found through it.
//
// It promises that no file is deleted which lies where a live table lies, or
// comes to lie meanwhile, or which a live table's metadata names; that a metadata
// file goes only once its operation is known, or made, never to be applied with
// it; and that memory is bounded by one manifest and the settings, however many
// files a table has.
package removal
