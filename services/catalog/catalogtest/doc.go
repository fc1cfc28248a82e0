// Package catalogtest owns the table of what each request of the protocol takes, for
// tests of who may do what: of the catalog by itself, and of the programs that it is
// part of.
//
// It promises a request to every route, and with Cells the whole matrix: each of them
// by who has exactly one privilege at one level.
package catalogtest
