// Package bench measures pkg/iceberg beside iceberg-go, on the same documents and
// the same requests. It is a module of its own, outside the workspace, so that
// nothing else carries iceberg-go:
//
//	cd pkg/iceberg/bench && GOWORK=off go test -bench . -benchtime 20x -run "^$"
//
// The figure to read is cpu-ns/op: CPU time of the process, garbage collection
// included.
package bench
