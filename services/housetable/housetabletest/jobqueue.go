package housetabletest

import (
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const engine = "engine"

// leaving is a commit that leaves jobs behind.
func (b *bench) leaving(jobs int, attempts int64, changes ...housetable.Change) housetable.Commit {
	c := b.request(changes...)
	for range jobs {
		c.Jobs = append(c.Jobs, housetable.QueuedJob{JobName: "work", EngineType: engine, JobConf: `{"a":1}`, Attempts: attempts})
	}
	return c
}

func (b *bench) claim(t testing.TB, lease int64) *housetable.ClaimedJob {
	t.Helper()
	j, err := b.ClaimJob(t.Context(), house, housetable.Claim{LeaseSeconds: lease, EngineType: engine})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (b *bench) mustClaim(t testing.TB, lease int64) *housetable.ClaimedJob {
	t.Helper()
	j := b.claim(t, lease)
	if j == nil {
		t.Fatal("no job to claim")
	}
	return j
}

// queuedJobs: a commit's jobs are there if and only if it was applied, and once
// however often it is sent.
func queuedJobs(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 3)
	lost := b.leaving(1, 1, housetable.DropTable{Key: key("none")})
	if v := b.send(t, lost); verdictName(v) != "conflict" {
		t.Fatalf("verdict %#v", v)
	}
	if j := b.claim(t, 60); j != nil {
		t.Fatalf("a commit that was not applied left %+v", j)
	}
	won := b.leaving(2, 1, housetable.DropTable{Key: key("t0")})
	bare := b.leaving(1, 1)
	without := b.request(housetable.DropTable{Key: key("t1")})
	verdicts, err := b.Commit(t.Context(), []housetable.Commit{won, bare, without, b.leaving(1, 1, housetable.DropTable{Key: key("none")})})
	if err != nil || count(verdicts, "committed") != 3 {
		t.Fatalf("verdicts %v, %v", verdicts, err)
	}
	for _, again := range []housetable.Commit{won, bare} {
		if v := b.send(t, again); verdictName(v) != "replay" {
			t.Fatalf("verdict %#v", v)
		}
	}
	want := map[string]bool{won.JobID(0): true, won.JobID(1): true, bare.JobID(0): true}
	for range len(want) {
		j := b.mustClaim(t, 60)
		if !want[j.JobID] || *j.JobName != "work" || *j.EngineType != engine || *j.JobConf != `{"a":1}` || j.Version != 2 || j.CreationTimeMS == nil {
			t.Errorf("claimed %+v", j)
		}
		delete(want, j.JobID)
	}
	if j := b.claim(t, 60); j != nil || len(want) != 0 {
		t.Errorf("one more: %+v, missing: %v", j, want)
	}
}

// queuedJobRace: of many deliveries of one commit one leaves a job.
func queuedJobRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, rounds)
	for i := range rounds {
		c := b.leaving(1, 1, housetable.DropTable{Key: key("t" + string(rune('0'+i)))})
		verdicts := b.race(t, rivals, func(int) housetable.Commit { return c })
		if count(verdicts, "committed") != 1 || count(verdicts, "replay") != rivals-1 {
			t.Fatalf("verdicts %v", verdicts)
		}
		if j := b.mustClaim(t, 60); j.JobID != c.JobID(0) {
			t.Fatalf("claimed %+v", j)
		}
		if j := b.claim(t, 60); j != nil {
			t.Fatalf("a second job: %+v", j)
		}
	}
}

// claimsByEngine: nobody gets a job that is another's.
func claimsByEngine(t *testing.T, b *bench) {
	t.Helper()
	b.queue(t, "foreign", nil)
	if j := b.claim(t, 60); j != nil {
		t.Fatalf("claimed %+v", j)
	}
	b.send(t, b.leaving(1, 1))
	if j := b.mustClaim(t, 60); *j.EngineType != engine {
		t.Fatalf("claimed %+v", j)
	}
	if j, err := b.ClaimJob(t.Context(), house, housetable.Claim{LeaseSeconds: 60}); err != nil || j == nil || j.JobID != "foreign" {
		t.Fatalf("claimed %+v, %v", j, err)
	}
}

// retries: a job that goes back waits, is claimed anew, and no longer listens to
// who had it before; one whose lease runs out once too often has failed.
func retries(t *testing.T, b *bench) {
	t.Helper()
	b.send(t, b.leaving(1, 3))
	first := b.mustClaim(t, 60)
	if first.Attempt != 1 || first.Attempts != 3 {
		t.Fatalf("claimed %+v", first)
	}
	back := housetable.Transition{
		JobID: first.JobID, From: housetable.JobComesFrom(housetable.JobQueued), To: housetable.JobQueued,
		Reason: new("try again"), Version: &first.Version, DelayMS: 700,
	}
	began := time.Now()
	if j, err := b.TransitionJob(t.Context(), house, back); err != nil || *j.State != housetable.JobQueued || j.FinishTimeMS != nil {
		t.Fatalf("back: %+v, %v", j, err)
	}
	second := b.awaitClaim(t, 1)
	if waited := time.Since(began); waited < 600*time.Millisecond || second.Attempt != 2 {
		t.Fatalf("claimed after %s: %+v", waited, second)
	}
	_, err := b.TransitionJob(t.Context(), house, back)
	wantKind(t, err, fault.CommitFailed)
	_, err = b.HeartbeatJob(t.Context(), house, first.JobID, &first.Version)
	wantKind(t, err, fault.CommitFailed)
	if _, err = b.HeartbeatJob(t.Context(), house, first.JobID, &second.Version); err != nil {
		t.Fatal(err)
	}
	b.awaitReaped(t)
	if third := b.mustClaim(t, 1); third.Attempt != 3 {
		t.Fatalf("claimed %+v", third)
	}
	b.awaitReaped(t)
	if j, err := b.Job(t.Context(), house, first.JobID); err != nil || *j.State != housetable.JobFailed || j.FinishTimeMS == nil {
		t.Fatalf("after the last attempt: %+v, %v", j, err)
	}
}

// fences: what is recorded without a fingerprint answers every request that comes
// under its id, and whichever comes first is the one that counts.
func fences(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	late := b.request(housetable.DropTable{Key: key("t0")})
	fence := b.request()
	fence.Operations[0] = housetable.Operation{ID: late.Operations[0].ID, Kind: "fence", Outcome: housetable.Outcome{Status: 409}}
	if v := b.send(t, fence); verdictName(v) != "committed" {
		t.Fatalf("verdict %#v", v)
	}
	replay, ok := b.send(t, late).(housetable.Replay)
	if !ok || replay.Operations[0].Outcome.Status != 409 || b.table(t, key("t0")) == nil {
		t.Fatalf("late: %#v", replay)
	}
	early := b.request(housetable.DropTable{Key: key("t0")})
	fence.Operations[0].ID = early.Operations[0].ID
	if v := b.send(t, early); verdictName(v) != "committed" {
		t.Fatalf("verdict %#v", v)
	}
	if v := b.send(t, fence); verdictName(v) != "refused" {
		t.Fatalf("verdict %#v", v)
	}
}

// awaitClaim claims a job that may not be claimed yet.
func (b *bench) awaitClaim(t testing.TB, lease int64) *housetable.ClaimedJob {
	t.Helper()
	limit, ticker := time.After(10*time.Second), time.NewTicker(20*time.Millisecond)
	defer ticker.Stop()
	for {
		if j := b.claim(t, lease); j != nil {
			return j
		}
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatal("no job to claim")
		}
	}
}
