package housetabletest

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// until sweeps until want rows were swept: what is older than nothing needs a
// moment to be so.
func until(t testing.TB, want int64, sweep func() (int64, error)) {
	t.Helper()
	limit, ticker := time.After(20*time.Second), time.NewTicker(10*time.Millisecond)
	defer ticker.Stop()
	for swept := int64(0); ; {
		n, err := sweep()
		if err != nil {
			t.Fatal(err)
		}
		if swept += n; swept > want {
			t.Fatalf("swept %d, want %d", swept, want)
		}
		if swept == want {
			return
		}
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatalf("swept %d, want %d", swept, want)
		}
	}
}

// finishedJobs: what is over goes when it is old, by the store's clock; what is
// not over stays, whatever times a client wrote.
func finishedJobs(t *testing.T, b *bench) {
	t.Helper()
	put := func(id, state string) {
		t.Helper()
		job := housetable.Job{JobID: id, JobFields: housetable.JobFields{
			State: &state, JobName: new("n"), ClusterID: new("c"), CreationTimeMS: new(int64(1)), FinishTimeMS: new(int64(2)),
		}}
		if _, _, err := b.PutJob(t.Context(), house, job, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, state := range []string{"SUCCEEDED", "FAILED", "CANCELLED", "QUEUED", "SKIPPED", "RUNNING"} {
		put(state, state)
	}
	b.queue(t, "moved", nil)
	if _, err := b.move(t, "moved", housetable.JobCancelled); err != nil {
		t.Fatal(err)
	}
	if n, err := b.ForgetJobs(t.Context(), time.Hour, 100); err != nil || n != 0 {
		t.Fatalf("forgot %d too early, %v", n, err)
	}
	until(t, 4, func() (int64, error) {
		n, err := b.ForgetJobs(t.Context(), 0, 1)
		if n > 1 {
			t.Fatalf("%d rows in one sweep of one", n)
		}
		return n, err
	})
	for id, gone := range map[string]bool{"SUCCEEDED": true, "moved": true, "QUEUED": false, "SKIPPED": false, "RUNNING": false} {
		if _, err := b.Job(t.Context(), house, id); fault.Is(err, fault.NoSuchJob) != gone {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// expiredTables: a generation is purged when its time has come and not before.
func expiredTables(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	kept := b.dropSoftly(t, "b", time.Now().Add(time.Hour).UnixMilli())
	for range 3 {
		b.dropSoftly(t, "b", time.Now().Add(-time.Hour).UnixMilli())
	}
	for _, want := range []int64{2, 1, 0} {
		if n, err := b.PurgeExpired(t.Context(), 2); err != nil || n != want {
			t.Fatalf("purged %d, %v, want %d", n, err, want)
		}
	}
	left := b.softDeleted(t, housetable.SoftDeletedQuery{})
	if len(left) != 1 || *left[0].DeletedAtMS != *kept.DeletedAtMS {
		t.Fatalf("left %+v", left)
	}
}

// timed is an operation whose id begins with a time.
func (b *bench) timed(at time.Time) housetable.Operation {
	o := b.operation()
	binary.BigEndian.PutUint64(o.ID[:8], uint64(at.UnixMilli())<<16|0x7000)
	o.ID[7] = byte(b.operations.Load())
	return o
}

// forgottenOperations: a record answers replays for as long as it is to be kept,
// whatever time its id tells; then it is forgotten.
func forgottenOperations(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	ages := []time.Duration{0, time.Hour, 25 * time.Hour, 1000 * time.Hour, -time.Hour, -9 * time.Hour, -1000 * time.Hour}
	commits := append(make([]housetable.Commit, 0, len(ages)+1), b.request())
	for _, age := range ages {
		c := b.request(housetable.CreateNamespace{DatabaseID: fmt.Sprint("n", age.Milliseconds())})
		c.Operations = []housetable.Operation{b.timed(time.Now().Add(-age))}
		commits = append(commits, c)
	}
	for _, want := range []string{"committed", "replay", "replay"} {
		for _, c := range commits {
			if got := verdictName(b.send(t, c)); got != want {
				t.Fatalf("%v: %s, want %s", c.Operations[0].ID, got, want)
			}
		}
		if n, err := b.ForgetOperations(t.Context(), 24*time.Hour, 100); err != nil || n != 0 {
			t.Fatalf("forgot %d too early, %v", n, err)
		}
	}
	until(t, 1, func() (int64, error) { return b.ForgetOperations(t.Context(), time.Millisecond, 1) })
	untimed := b.operation()
	c := b.request()
	c.Operations = []housetable.Operation{untimed}
	b.send(t, c)
	limit := time.After(20 * time.Second)
	for {
		if _, err := b.ForgetOperations(t.Context(), time.Millisecond, 100); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Operation(t.Context(), house, untimed.ID); fault.Is(err, fault.NoSuchOperation) {
			return
		}
		select {
		case <-limit:
			t.Fatal("the operation is not forgotten")
		default:
		}
	}
}

// manySweep: sweepers that work at once do each row once and fail nobody.
func manySweep(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	const rows = 60
	for i := range rows {
		b.dropSoftly(t, "b", int64(i))
		b.queue(t, fmt.Sprint("j", i), nil)
		if _, err := b.move(t, fmt.Sprint("j", i), housetable.JobFailed); err != nil {
			t.Fatal(err)
		}
	}
	var jobs, tables atomic.Int64
	var sweepers sync.WaitGroup
	for range 4 {
		sweepers.Go(func() {
			until := time.Now().Add(20 * time.Second)
			for jobs.Load()+tables.Load() < 2*rows && time.Now().Before(until) {
				j, err := b.ForgetJobs(t.Context(), 0, 7)
				p, err2 := b.PurgeExpired(t.Context(), 7)
				_, err3 := b.ForgetOperations(t.Context(), time.Hour, 7)
				_, err4 := b.ForgetEvents(t.Context(), housetable.EventRetention{Versions: 1}, 7)
				if err != nil || err2 != nil || err3 != nil || err4 != nil {
					t.Error(err, err2, err3, err4)
					return
				}
				jobs.Add(j)
				tables.Add(p)
			}
		})
	}
	for i := range 3 * rounds { // commits go on meanwhile
		b.do(t, create(fmt.Sprint("c", i)))
	}
	sweepers.Wait()
	if jobs.Load() != rows || tables.Load() != rows {
		t.Fatalf("forgot %d jobs and purged %d tables, want %d each", jobs.Load(), tables.Load(), rows)
	}
}
