// Package bench measures the house table service as its callers meet it, over
// gRPC and HTTP, beside what pgbench does with the same rows of the same Postgres
// in the same run:
//
//	go test -run '^$' -bench Reach -benchtime 1x -timeout 30m ./services/housetable/bench
//
// It prints one table: what was measured, against what, the ratio of the two and
// the reach, which is what the ratio has to keep to. Both sides take turns, and a
// ratio is the median of several turns, because others may be at work on the
// machine. CPU is what all of Postgres' processes used together.
package bench
