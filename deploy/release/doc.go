// Package release owns what is handed to those who run Igloo: static programs, images
// of them, archives, lists of what is in them, and checksums.
//
// It promises that the same commit makes the same bytes, wherever and whenever it is
// built, and that nothing is taken from the machine or from a registry: an image is a
// program, the authorities that it trusts, and an empty folder for what is temporary.
package release
