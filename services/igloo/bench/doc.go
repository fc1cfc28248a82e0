// Package bench measures commits as engines make them, over HTTP, to the split
// services on Postgres and Redis, each a process of its own:
//
//	go test -run '^$' -bench Commits -benchtime 1x -timeout 30m ./services/igloo/bench
//
// It prints one table: what was measured, beside what in the same run, the ratio
// of the two, and the reach, which is what the ratio has to keep to. All sides
// take turns, and a ratio is the median of the turns', because others may be at
// work on the machine. CPU is what all processes used together: Postgres, Redis,
// both services, and this one with its writers.
//
// It also has every operation of the protocol carried out by one, sixteen and
// sixty-four clients, on each shape of Igloo and on other catalogs (make bench-operations
// installs two), each with servers of its own:
//
//	go test -run '^$' -bench Operations -benchtime 1x -timeout 2h ./services/igloo/bench -peers $PWD/.tmp/peers
package bench
