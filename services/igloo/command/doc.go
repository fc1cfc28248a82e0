// Package command owns what people and scripts do to a running Igloo from a
// shell. It asks under /hts, which both shapes of Igloo serve, and knows no other
// way in, but for what Iceberg's protocol has, under /v1 of a catalog; doctor lists
// files besides, with the keys that are given out.
//
// It promises that an answer is shown as a table or, for programs, as the JSON
// that was answered; that a refusal is an error in the server's words; that a
// change whose answer was lost on the way is asked for again as the same
// operation; and that secrets come from files and variables alone.
package command
