package s3_test

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/s3test"
)

// BenchmarkCreate tells what a small object costs this process, when sixteen are
// written at a time.
func BenchmarkCreate(b *testing.B) {
	server := s3test.NewKeepingConnections(b)
	store := open(b, server, nil)
	data := bytes.Repeat([]byte{'x'}, 6<<10)
	var n atomic.Int64
	b.SetParallelism(8)
	b.ReportAllocs()
	before := spent(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := store.Create(b.Context(), fmt.Sprint(root, "a table/metadata/", b.N, "-", n.Add(1)), data); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64((spent(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkRead tells what it costs to read a small object, by sixteen at a time.
func BenchmarkRead(b *testing.B) {
	server := s3test.NewKeepingConnections(b)
	store := open(b, server, nil)
	const location = root + "a table/metadata/read"
	if err := store.Create(b.Context(), location, bytes.Repeat([]byte{'x'}, 6<<10)); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(8)
	b.ReportAllocs()
	before := spent(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := store.Read(b.Context(), location); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64((spent(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// spent is the processor time that this process has used.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
