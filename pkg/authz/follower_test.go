package authz_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/authz/authztest"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

const lag = time.Second

var (
	alice = authn.Identity{Issuer: "corp", Subject: "alice"}
	sales = authz.Namespace("w", "sales")
	reads = authz.Question{Privilege: authz.Select, Object: sales}
)

// asked counts the questions of a journal.
type asked struct {
	*authztest.Journal

	times atomic.Int64
	// hold, when set, is waited for before an answer, which is of before.
	hold atomic.Pointer[chan struct{}]
	fail atomic.Bool
}

func newAsked() *asked {
	a := &asked{Journal: &authztest.Journal{}}
	a.Create("w", false)
	a.Write("w", authztest.Grant(sales, authz.User("corp:alice"), authz.Select))
	return a
}

// FollowAccess implements authz.Source: what is held back is the answer.
func (a *asked) FollowAccess(ctx context.Context, warehouse, position string) (authz.Changes, error) {
	a.times.Add(1)
	if a.fail.Load() {
		return authz.Changes{}, fault.New(fault.Unavailable, "away")
	}
	changes, err := a.Journal.FollowAccess(ctx, warehouse, position)
	if hold := a.hold.Load(); hold != nil {
		select {
		case <-*hold:
		case <-ctx.Done():
			return authz.Changes{}, ctx.Err()
		}
	}
	return changes, err
}

func deciding(t *testing.T, source authz.Source) *authz.Grants {
	t.Helper()
	grants, _ := following(t, source)
	return grants
}

func following(t *testing.T, source authz.Source) (*authz.Grants, *authz.Follower) {
	t.Helper()
	follower := authz.NewFollower(source, lag)
	t.Cleanup(func() { _ = follower.Close() })
	grants, err := authz.NewGrants(follower)
	if err != nil {
		t.Fatal(err)
	}
	return grants, follower
}

func may(t *testing.T, by authz.Decider) bool {
	t.Helper()
	err := authz.Require(t.Context(), by, alice, reads)
	if err != nil && !fault.Is(err, fault.Forbidden) {
		t.Fatal(err)
	}
	return err == nil
}

// TestRevokedIsRefusedAfterTheLag, however requests come, and whatever they come
// upon.
func TestRevokedIsRefusedAfterTheLag(t *testing.T) {
	t.Parallel()
	for _, between := range []time.Duration{time.Millisecond, 300 * time.Millisecond, lag, 3 * lag} {
		t.Run(fmt.Sprint(between), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := newAsked()
				by := deciding(t, source)
				if !may(t, by) {
					t.Fatal("refused what is granted")
				}
				time.Sleep(between)
				may(t, by)
				source.Write("w", authztest.Revoke(sales, authz.User("corp:alice"), authz.Select))
				revoked := time.Now()
				for time.Since(revoked) < 5*lag {
					time.Sleep(between)
					if allowed := may(t, by); allowed && time.Since(revoked) > lag {
						t.Fatalf("allowed %s after the revocation", time.Since(revoked))
					}
				}
			})
		})
	}
}

// TestAnAnswerThatWasHeldUpIsNotDecidedBy: a refresh that began before the
// revocation and is answered long after, as when the process or the network
// stands still in between, counts from when it began.
func TestAnAnswerThatWasHeldUpIsNotDecidedBy(t *testing.T) {
	t.Parallel()
	for _, held := range []time.Duration{lag / 2, lag + time.Millisecond, 2 * lag} {
		t.Run(fmt.Sprint(held), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := newAsked()
				by := deciding(t, source)
				may(t, by)
				time.Sleep(lag * 6 / 10)
				hold := make(chan struct{})
				source.hold.Store(&hold)
				may(t, by) // begins a refresh in the background
				synctest.Wait()
				source.Write("w", authztest.Revoke(sales, authz.User("corp:alice"), authz.Select))
				revoked := time.Now()
				time.Sleep(held)
				source.hold.Store(nil)
				close(hold)
				synctest.Wait()
				if allowed := may(t, by); allowed && time.Since(revoked) > lag {
					t.Fatalf("allowed %s after the revocation, by an answer that was held up", time.Since(revoked))
				}
			})
		})
	}
}

// TestNothingIsDecidedWithoutTheSource once what is known is too old.
func TestNothingIsDecidedWithoutTheSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := newAsked()
		by := deciding(t, source)
		may(t, by)
		source.fail.Store(true)
		time.Sleep(lag - time.Millisecond)
		if !may(t, by) {
			t.Error("refused by what is new enough")
		}
		time.Sleep(2 * time.Millisecond)
		err := authz.Require(t.Context(), by, alice, reads)
		var away *fault.Error
		if !errors.As(err, &away) || away.Kind != fault.Unavailable || away.RetryAfter <= 0 {
			t.Errorf("decided by what is too old: %v", err)
		}
		if _, err := by.Visible(t.Context(), alice, sales); !fault.Is(err, fault.Unavailable) {
			t.Errorf("listed by what is too old: %v", err)
		}
		source.fail.Store(false)
		if !may(t, by) {
			t.Error("refused when the source is back")
		}
	})
}

// TestASourceThatHangsCostsABoundedWait, and no more of them than one at a time.
func TestASourceThatHangsCostsABoundedWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := newAsked()
		by := deciding(t, source)
		hold := make(chan struct{})
		source.hold.Store(&hold)
		began := time.Now()
		failed := make(chan error, 50)
		for range cap(failed) {
			go func() { failed <- authz.Require(t.Context(), by, alice, reads) }()
		}
		synctest.Wait()
		if n := source.times.Load(); n != 1 {
			t.Errorf("%d questions at once", n)
		}
		for range cap(failed) {
			if err := <-failed; !fault.Is(err, fault.Unavailable) {
				t.Errorf("decided without an answer: %v", err)
			}
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("waited for %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if err := authz.Require(ctx, by, alice, reads); !fault.Is(err, fault.Unavailable) || time.Since(began) > time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

// TestASlowSourceIsNotBelieved: an answer that is too old when it comes.
func TestASlowSourceIsNotBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := newAsked()
		source.Before = func(context.Context, string, string) error {
			time.Sleep(lag + time.Millisecond)
			return nil
		}
		if err := authz.Require(t.Context(), deciding(t, source), alice, reads); !fault.Is(err, fault.Unavailable) {
			t.Errorf("decided by what was too old when it came: %v", err)
		}
	})
}

// TestRequestsDoNotWait while they keep coming: what is new is fetched in the
// background, and about every half of the lag.
func TestRequestsDoNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := newAsked()
		source.Before = func(context.Context, string, string) error {
			time.Sleep(lag / 10)
			return nil
		}
		by := deciding(t, source)
		may(t, by)
		first := source.times.Load()
		for range 200 {
			time.Sleep(lag / 20)
			began := time.Now()
			if !may(t, by) || time.Since(began) > 0 {
				t.Fatalf("waited for %s", time.Since(began))
			}
		}
		if n := source.times.Load() - first; n < 20 || n > 44 { // two parts, 10 lags
			t.Errorf("%d questions in 10 lags", n)
		}
		quiet := source.times.Load()
		time.Sleep(10 * lag)
		if source.times.Load() > quiet+2 {
			t.Error("asks for what nobody wants to know")
		}
	})
}

// TestManyPagesAreReadAsOne, also when reading is interrupted in between.
func TestManyPagesAreReadAsOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := newAsked()
		source.PageSize = 10
		for i := range 95 {
			source.Write("w", authztest.Grant(authz.Namespace("w", fmt.Sprint(i)), authz.User("corp:alice"), authz.Select))
		}
		by := deciding(t, source)
		n := 0
		source.Before = func(_ context.Context, warehouse, _ string) error {
			time.Sleep(lag / 4)
			if n++; n == 5 {
				return fault.New(fault.Unavailable, "interrupted")
			}
			return nil
		}
		if err := authz.Require(t.Context(), by, alice, reads); !fault.Is(err, fault.Unavailable) {
			t.Fatalf("not interrupted: %v", err)
		}
		visible, err := by.Visible(t.Context(), alice, authz.Warehouse("w"))
		if err != nil || len(visible.DatabaseIDs) != 96 {
			t.Errorf("sees %d namespaces, %v", len(visible.DatabaseIDs), err)
		}
		if n > 15 {
			t.Errorf("%d pages were read: it began anew", n)
		}
	})
}

// TestAWarehouseMadeAnewHasNoGrantsOfBefore, nor has one that is gone.
func TestAWarehouseMadeAnewHasNoGrantsOfBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := newAsked()
		by := deciding(t, source)
		may(t, by)
		source.Drop("w")
		time.Sleep(lag + 1)
		if may(t, by) {
			t.Error("allowed in a warehouse that is gone")
		}
		source.Create("w", false)
		time.Sleep(lag + 1)
		if may(t, by) {
			t.Error("allowed in a new warehouse by what was granted in another one")
		}
		source.Write("w", authztest.Grant(sales, authz.Everyone, authz.Own))
		time.Sleep(lag + 1)
		if !may(t, by) {
			t.Error("refused what is granted in the new warehouse")
		}
		source.Create("w", false)
		time.Sleep(lag + 1)
		if may(t, by) {
			t.Error("allowed by what was granted before it was made anew")
		}
	})
}

// TestFollowedWarehousesAreBounded, whatever names callers make up.
func TestFollowedWarehousesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := newAsked()
		by, follower := following(t, source)
		may(t, by)
		for i := range 3000 {
			q := authz.Question{Privilege: authz.Select, Object: authz.Warehouse(fmt.Sprintf("made-up-%d", i))}
			if err := authz.Require(t.Context(), by, alice, q); !fault.Is(err, fault.Forbidden) {
				t.Fatal(err)
			}
		}
		before := source.times.Load()
		may(t, by)
		if source.times.Load() != before {
			t.Error("what there is was let go for what there is not")
		}
		if n := follower.Followed(); n > 1000 {
			t.Errorf("%d warehouses are followed", n)
		}
		time.Sleep(time.Hour)
		may(t, by)
		if n := follower.Followed(); n > 2 {
			t.Errorf("%d warehouses are still followed after an hour", n)
		}
	})
}

// TestAClosedFollowerDecidesNothing once what it knows is too old.
func TestAClosedFollowerDecidesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		follower := authz.NewFollower(newAsked(), lag)
		grants, err := authz.NewGrants(follower)
		if err != nil {
			t.Fatal(err)
		}
		may(t, grants)
		if err := follower.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * lag)
		if err := authz.Require(t.Context(), grants, alice, reads); !fault.Is(err, fault.Unavailable) {
			t.Errorf("decided: %v", err)
		}
	})
}
