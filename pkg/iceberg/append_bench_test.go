package iceberg

import (
	"fmt"
	"syscall"
	"testing"
)

// The sizes at which appends are measured: 12 KB, 0.1, 1 and 10 MB of metadata.
func benchmarkSizes() []int { return []int{1, 100, 1_000, 10_000} }

const benchmarkColumns = 100

// BenchmarkAppend is one append: parse the old bytes, check, apply, produce the
// new bytes.
func BenchmarkAppend(b *testing.B) {
	for _, n := range benchmarkSizes() {
		doc := sampleDocument(n, benchmarkColumns)
		requirements, updates := sampleAppend(n)
		b.Run(fmt.Sprintf("bytes/snapshots=%d", n), func(b *testing.B) {
			measured(b, len(doc), func() { sampleCommit(b, parsed(b, doc), requirements, updates) })
		})
	}
	for _, n := range benchmarkSizes() {
		doc := sampleDocument(n, benchmarkColumns)
		base := parsed(b, doc)
		requirements, updates := sampleAppend(n)
		b.Run(fmt.Sprintf("parsed/snapshots=%d", n), func(b *testing.B) {
			measured(b, len(doc), func() { sampleCommit(b, base, requirements, updates) })
		})
	}
}

// BenchmarkCopy is the measure of BenchmarkAppend: the same bytes, copied.
func BenchmarkCopy(b *testing.B) {
	for _, n := range benchmarkSizes() {
		doc := sampleDocument(n, benchmarkColumns)
		b.Run(fmt.Sprintf("snapshots=%d", n), func(b *testing.B) {
			var kept []byte
			measured(b, len(doc), func() { kept = append(make([]byte, 0, len(doc)), doc...) })
			_ = kept
		})
	}
}

// BenchmarkExpire removes half of the snapshots.
func BenchmarkExpire(b *testing.B) {
	for _, n := range benchmarkSizes()[1:] {
		base := parsed(b, sampleDocument(n, benchmarkColumns))
		updates := sampleExpire(n / 2)
		b.Run(fmt.Sprintf("snapshots=%d", n), func(b *testing.B) {
			measured(b, len(base.Document()), func() { sampleCommit(b, base, []byte("[]"), updates) })
		})
	}
}

// sampleExpire removes the first snapshots of a sample.
func sampleExpire(count int) []byte {
	ids := make([][]byte, count)
	for i := range ids {
		ids[i] = number(sampleID(i + 1))
	}
	return []byte(`[{"action":"remove-snapshots","snapshot-ids":` + string(encodeArray(ids)) + `}]`)
}

// measured reports CPU time of the whole process, garbage collection included:
// time on the wall says nothing on a shared machine.
func measured(b *testing.B, size int, one func()) {
	b.Helper()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		one()
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
}

func cpuTime(b *testing.B) int64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
