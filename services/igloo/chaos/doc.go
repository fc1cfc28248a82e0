// Package chaos judges what clients were told while Igloo's parts died around
// them: histories of requests and their answers, held against what the tables
// tell once everything has healed.
//
// It promises to find every acknowledged change that is lost or applied twice,
// every refused one that is there, every transaction that is torn, every answer
// that sending the same request again does not give, every metadata file that is
// named and missing, or left and not named, and every table, view, namespace or
// name whose history no order of its requests explains. Its own tests plant one
// violation of each kind.
package chaos
