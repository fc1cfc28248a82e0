// Package bench measures Igloo from outside, over HTTP, every program in a process
// of its own: every operation of the protocol by one, sixteen and sixty-four clients,
// on each shape of Igloo, on other catalogs, and on what no catalog can be faster
// than; commits as engines make them; what grants cost; the start.
//
//	make bench
//
// All sides of a comparison take turns in no order, with servers of their own, and a
// ratio is the median of the turns', because others may be at work on the machine.
// CPU is what all processes of a side used together, and is told apart into the
// catalog's, Postgres' and the S3 server's.
//
// Every change has to keep to ratios.json, in which an operation stands beside a limit
// that is at work at the same moment, on the same processor:
//
//	make bench-short
package bench
