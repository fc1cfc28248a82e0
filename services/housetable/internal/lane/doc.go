// Package lane decides which calls go to the store together: commits, and point
// reads.
//
// It promises, beside what package line does, that a commit, once handed to the
// store, is carried to its end although the caller goes away, that no two
// commits of one batch have a claim in common, and that a read sees all that was
// acknowledged before it was asked for.
package lane
