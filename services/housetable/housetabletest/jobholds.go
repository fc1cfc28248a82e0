package housetabletest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// running queues a job and claims it.
func (b *bench) running(t testing.TB) housetable.JobHolds {
	t.Helper()
	b.send(t, b.leaving(1, 3))
	j := b.mustClaim(t, 60)
	return housetable.JobHolds{JobID: j.JobID, Version: &j.Version}
}

// hold asks for holds and wants those in the way to be the tables named, or jobs.
func (b *bench) hold(t testing.TB, j housetable.JobHolds, holds []housetable.Hold, inTheWay ...string) {
	t.Helper()
	j.Holds = holds
	others, err := b.HoldForJob(t.Context(), house, j)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(others); fmt.Sprint(got) != fmt.Sprint(inTheWay) {
		t.Fatalf("%v: in the way are %q, want %q", holds, got, inTheWay)
	}
}

func names(holders []housetable.Holder) []string {
	var found []string
	for _, h := range holders {
		if h.JobID != "" {
			found = append(found, "job "+h.JobID)
		} else {
			found = append(found, h.Table().Key.TableID)
		}
	}
	return found
}

func at(location string) []housetable.Hold {
	return []housetable.Hold{housetable.HoldOfLocation(location)}
}

func (b *bench) end(t testing.TB, j housetable.JobHolds, state string) {
	t.Helper()
	_, err := b.TransitionJob(t.Context(), house, housetable.Transition{JobID: j.JobID, From: housetable.JobComesFrom(state), To: state, Version: j.Version})
	if err != nil {
		t.Fatal(err)
	}
}

// refuseJob wants a change to be refused for what a job holds.
func (b *bench) refuseJob(t testing.TB, change housetable.Change, reason housetable.Reason, j housetable.JobHolds) {
	t.Helper()
	if c := b.refuse(t, reason, change); c.JobID != j.JobID || c.Current != nil || c.Winner != nil {
		t.Fatalf("%+v: %+v, want job %s in the way", change, c, j.JobID)
	}
}

// jobHolds: what a running job holds nobody has, until it runs no more.
func jobHolds(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	first, second := b.running(t), b.running(t)
	uuid := housetable.UUID{1}
	both := append(at("/w/t"), housetable.HoldOfUUID(uuid))
	b.hold(t, first, both)
	b.hold(t, first, both) // again
	for _, location := range []string{"/w/t", "/w/t/x/y", "/w"} {
		b.refuseJob(t, createAt("u", location), housetable.LocationTaken, first)
		b.refuseJob(t, moveTo("t0", location), housetable.LocationTaken, first)
		b.hold(t, second, at(location), "job "+first.JobID)
	}
	b.refuseJob(t, createOf("u", uuid), housetable.MetadataUUIDTaken, first)
	b.do(t, createAt("beside", "/w/t0"))
	holders, err := b.Holders(t.Context(), house, append(at("/w"), housetable.HoldOfUUID(uuid)))
	if err != nil || len(holders) != 3 {
		t.Fatalf("%+v, %v", holders, err)
	}
	b.end(t, first, housetable.JobSucceeded)
	b.do(t, createAt("t", "/w/t/x"), createOf("u", uuid))
	b.hold(t, second, at("/w/t"), "t")
	_, err = b.HoldForJob(t.Context(), house, first)
	wantKind(t, err, fault.CommitFailed)
	second.Version = new(int64(77))
	_, err = b.HoldForJob(t.Context(), house, second)
	wantKind(t, err, fault.CommitFailed)
	_, err = b.HoldForJob(t.Context(), house, housetable.JobHolds{JobID: "none"})
	wantKind(t, err, fault.NoSuchJob)
	_, err = b.HoldForJob(t.Context(), "nowhere", first)
	wantKind(t, err, fault.NoSuchWarehouse)
	_, err = b.Holders(t.Context(), "nowhere", at("/w"))
	wantKind(t, err, fault.NoSuchWarehouse)
}

// jobsMeetTables: whoever holds something at, above or below a location is in a
// job's way, whatever it is called, dropped softly or not; nobody else is.
func jobsMeetTables(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	uuid := housetable.UUID{1}
	there := createAt("t", "/w/a/b")
	there.MetadataUUID = &uuid
	b.do(t, there)
	j := b.running(t)
	for _, location := range []string{"/w/a/b", "/w/a", "/w", "/w/a/b/c/d"} {
		b.hold(t, j, at(location), "t")
	}
	b.hold(t, j, []housetable.Hold{housetable.HoldOfUUID(uuid)}, "t")
	b.do(t, housetable.RenameTable{Key: key("t"), Destination: key("r")})
	b.hold(t, j, at("/w/a/b"), "r")
	b.do(t, housetable.DropTable{Key: key("r"), Soft: true, PurgeAfterMS: 1})
	b.hold(t, j, at("/w/a/b"), "r")
	until(t, 1, func() (int64, error) { return b.PurgeExpired(t.Context(), 100) })
	b.hold(t, j, append(at("/w/a/b"), housetable.HoldOfUUID(uuid)))
	b.refuseJob(t, there, housetable.MetadataUUIDTaken, j)
	b.hold(t, j, at("/w/a"))
	b.hold(t, j, []housetable.Hold{housetable.HoldOfLocation("/w/x"), housetable.HoldOfLocation("/w/y")})
	b.do(t, createAt("free", "/w/a"))
	b.refuseJob(t, createAt("u", "/w/y/z"), housetable.LocationTaken, j)
}

// lapsedJobHolds: a job that goes back to the queue holds nothing; whoever comes
// then is in its way when it is claimed again. What it keeps it keeps until it is
// forgotten.
func lapsedJobHolds(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	j := b.running(t)
	j.KeepUUID = true
	kept := housetable.UUID{1}
	both := append(at("/w/t"), housetable.HoldOfUUID(kept))
	b.hold(t, j, both)
	b.end(t, j, housetable.JobQueued)
	b.refuseJob(t, createOf("u", kept), housetable.MetadataUUIDTaken, j)
	again := b.mustClaim(t, 60)
	j.Version = &again.Version
	b.hold(t, j, both)
	b.refuseJob(t, createAt("t", "/w/t"), housetable.LocationTaken, j)
	b.end(t, j, housetable.JobQueued)
	b.do(t, createAt("t", "/w/t"))
	again = b.mustClaim(t, 60)
	j.Version = &again.Version
	b.hold(t, j, both, "t")
	b.end(t, j, housetable.JobSucceeded)
	if _, err := b.ForgetFolders(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	b.refuseJob(t, createOf("u", kept), housetable.MetadataUUIDTaken, j)
	until(t, 1, func() (int64, error) { return b.ForgetJobs(t.Context(), 0, 100) })
	if _, err := b.ForgetFolders(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	holders, err := b.Holders(t.Context(), house, []housetable.Hold{housetable.HoldOfUUID(kept)})
	if err != nil || len(holders) != 0 {
		t.Fatalf("%+v, %v", holders, err)
	}
	b.do(t, createOf("u", kept))
}

// needlessJobs: a job that is about a metadata's uuid ends when a house table
// takes the uuid, and for nothing else.
func needlessJobs(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	about := func(uuid housetable.UUID, delay int64) string {
		c := b.leaving(1, 3)
		c.Jobs[0].MetadataUUID, c.Jobs[0].DelayMS = &uuid, delay
		b.send(t, c)
		return c.JobID(0)
	}
	state := func(id string) string {
		j, err := b.Job(t.Context(), house, id)
		if err != nil {
			t.Fatal(err)
		}
		return *j.State
	}
	moved := about(housetable.UUID{3}, 0)
	held := housetable.JobHolds{JobID: moved}
	if j := b.mustClaim(t, 60); j.JobID != moved {
		t.Fatalf("claimed %+v", j)
	}
	waiting, other := about(housetable.UUID{1}, 60_000), about(housetable.UUID{2}, 60_000)
	if j := b.claim(t, 60); j != nil {
		t.Fatalf("claimed %+v before its time", j)
	}
	b.refuse(t, housetable.NamespaceNotFound, housetable.CreateTable{
		Key: housetable.TableKey{DatabaseID: "none", TableID: "t"}, Kind: housetable.KindTable, MetadataLocation: "/", MetadataUUID: &housetable.UUID{1},
	})
	if got := state(waiting); got != housetable.JobQueued {
		t.Fatalf("after a creation that was refused: %s", got)
	}
	b.do(t, createOf("t", housetable.UUID{1}), create("bare"))
	b.do(t, housetable.SwapTable{Key: key("t0"), MetadataLocation: "/", MetadataUUID: &housetable.UUID{3}})
	if state(waiting) != housetable.JobCancelled || state(moved) != housetable.JobCancelled || state(other) != housetable.JobQueued {
		t.Fatalf("%s, %s, %s", state(waiting), state(moved), state(other))
	}
	_, err := b.HoldForJob(t.Context(), house, held)
	wantKind(t, err, fault.CommitFailed)
	soon := about(housetable.UUID{4}, 500)
	began := time.Now()
	if j := b.awaitClaim(t, 60); j.JobID != soon || time.Since(began) < 400*time.Millisecond {
		t.Fatalf("claimed %+v after %s", j, time.Since(began))
	}
}

// jobHoldRace: of a job and a creation or move that want what overlaps, one has
// it; with a job that the creation makes needless too.
func jobHoldRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, rounds)
	for round := range 3 * rounds {
		base, uuid := fmt.Sprint("/w/", round), housetable.UUID{byte(round + 1)}
		queued := b.leaving(1, 3)
		queued.Jobs[0].MetadataUUID = &uuid
		b.send(t, queued)
		claimed := b.mustClaim(t, 60)
		j := housetable.JobHolds{JobID: claimed.JobID, Version: &claimed.Version, Holds: append(at(base+"/t"), housetable.HoldOfUUID(uuid))}
		change := []housetable.Change{
			createAt(fmt.Sprint("c", round), base+[]string{"/t", "/t/x", ""}[round/3%3]),
			createOf(fmt.Sprint("c", round), uuid),
			moveTo(fmt.Sprint("t", round/3), base),
		}[round%3]
		var rivals sync.WaitGroup
		var others []housetable.Holder
		var err error
		rivals.Go(func() { others, err = b.HoldForJob(t.Context(), house, j) })
		won := verdictName(b.send(t, b.request(change))) == "committed"
		rivals.Wait()
		lost := len(others) > 0 || fault.Is(err, fault.CommitFailed)
		if err != nil && !lost || won != lost {
			t.Fatalf("round %d: the change won %v, the job met %v, %v", round, won, names(others), err)
		}
	}
}
