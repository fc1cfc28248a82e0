// Package iceberg owns Iceberg's metadata documents: it reads table, view and
// function metadata, checks what a commit requires of it, applies what a commit
// changes, and writes the result.
//
// It promises to decide as Java's reference implementation decides, and to make
// the documents that Java makes; to keep every byte that a commit does not
// change, so that a field it does not know survives, and no number passes
// through a float; and to work in proportion to the change: the arrays that grow
// with the age of a table are copied and never decoded, except for what is
// removed from them.
package iceberg
