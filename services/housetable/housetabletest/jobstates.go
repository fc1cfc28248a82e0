package housetabletest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

func (b *bench) queue(t testing.TB, id string, created *int64) {
	t.Helper()
	job := housetable.Job{JobID: id, JobFields: housetable.JobFields{
		State: new(housetable.JobQueued), JobName: new("n"), ClusterID: new("c"), CreationTimeMS: created,
	}}
	if _, _, err := b.PutJob(t.Context(), house, job, nil); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) move(t testing.TB, id, to string) (housetable.Job, error) {
	t.Helper()
	return b.TransitionJob(t.Context(), house, housetable.Transition{JobID: id, From: housetable.JobComesFrom(to), To: to, Reason: new("because")})
}

func jobStates(t *testing.T, b *bench) {
	t.Helper()
	b.queue(t, "j", nil)
	_, err := b.HeartbeatJob(t.Context(), house, "j", nil)
	wantKind(t, err, fault.CommitFailed)
	_, err = b.move(t, "j", housetable.JobSucceeded)
	wantKind(t, err, fault.CommitFailed)
	j, err := b.move(t, "j", housetable.JobRunning)
	if err != nil || *j.State != housetable.JobRunning || j.Version != 2 || j.StartTimeMS == nil || j.HeartbeatTimeMS == nil || j.FinishTimeMS != nil {
		t.Fatalf("running: %+v, %v", j, err)
	}
	beat, err := b.HeartbeatJob(t.Context(), house, "j", nil)
	if err != nil || beat.Version != 2 || *beat.HeartbeatTimeMS < *j.HeartbeatTimeMS {
		t.Fatalf("heartbeat: %+v, %v", beat, err)
	}
	if j, err = b.move(t, "j", housetable.JobCancelled); err != nil || j.Version != 3 || j.FinishTimeMS == nil {
		t.Fatalf("cancelled: %+v, %v", j, err)
	}
	_, err = b.move(t, "j", housetable.JobRunning)
	wantKind(t, err, fault.CommitFailed)
	if want := "job j is CANCELLED: because"; fault.Shown(err) != want {
		t.Fatalf("error %q, want %q", fault.Shown(err), want)
	}
	_, err = b.HeartbeatJob(t.Context(), house, "none", nil)
	wantKind(t, err, fault.NoSuchJob)
	_, err = b.HeartbeatJob(t.Context(), "nowhere", "j", nil)
	wantKind(t, err, fault.NoSuchWarehouse)
	_, err = b.ClaimJob(t.Context(), "nowhere", housetable.Claim{LeaseSeconds: 1})
	wantKind(t, err, fault.NoSuchWarehouse)
}

// claimRace: of many workers none gets the job of another, and none is left.
func claimRace(t *testing.T, b *bench) {
	t.Helper()
	const jobs = 12
	for i := range jobs {
		b.queue(t, fmt.Sprint("j", i), new(int64(100-i)))
	}
	first, err := b.ClaimJob(t.Context(), house, housetable.Claim{LeaseSeconds: 60})
	if err != nil || first == nil || first.JobID != "j11" {
		t.Fatalf("the oldest first: %+v, %v", first, err)
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for range jobs {
				j, err := b.ClaimJob(t.Context(), house, housetable.Claim{LeaseSeconds: 60})
				if err != nil {
					t.Error(err)
				}
				if j != nil {
					mu.Lock()
					claimed[j.JobID]++
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
	if len(claimed) != jobs-1 {
		t.Errorf("claimed %v", claimed)
	}
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
}

// awaitReaped waits until one job was reaped.
func (b *bench) awaitReaped(t testing.TB) {
	t.Helper()
	limit, ticker := time.After(10*time.Second), time.NewTicker(50*time.Millisecond)
	defer ticker.Stop()
	for {
		switch n, err := b.ReapJobs(t.Context(), 10); {
		case err != nil || n > 1:
			t.Fatalf("reaped %d, %v", n, err)
		case n == 1:
			return
		}
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatal("no job was reaped")
		}
	}
}

// reaping: a lease that is over fails its job; a job without one runs on.
func reaping(t *testing.T, b *bench) {
	t.Helper()
	b.queue(t, "forever", nil)
	if _, err := b.move(t, "forever", housetable.JobRunning); err != nil {
		t.Fatal(err)
	}
	claim := func(id string, lease int64) {
		t.Helper()
		b.queue(t, id, nil)
		if j, err := b.ClaimJob(t.Context(), house, housetable.Claim{LeaseSeconds: lease}); err != nil || j == nil || j.JobID != id {
			t.Fatalf("claimed %+v, %v", j, err)
		}
	}
	claim("long", 3600)
	if n, err := b.ReapJobs(t.Context(), 10); err != nil || n != 0 {
		t.Fatalf("reaped %d too early, %v", n, err)
	}
	claim("short", 1)
	b.awaitReaped(t)
	_, err := b.HeartbeatJob(t.Context(), house, "short", nil)
	if want := "job short is FAILED: " + housetable.LeaseExpired; !fault.Is(err, fault.CommitFailed) || fault.Shown(err) != want {
		t.Fatalf("error %v, want %q", err, want)
	}
	for _, id := range []string{"forever", "long"} {
		if _, err := b.HeartbeatJob(t.Context(), house, id, nil); err != nil {
			t.Fatal(err)
		}
	}
}
