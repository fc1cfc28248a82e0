package housetabletest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// once: work and record are there together or not at all.
func once(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	o := b.operation()
	failure := fault.New(fault.CommitFailed, "not now")
	_, err := b.Once(t.Context(), house, o, func(ctx context.Context, s housetable.Store) (housetable.Outcome, error) {
		if err := several(ctx, b, s); err != nil {
			return housetable.Outcome{}, err
		}
		return housetable.Outcome{}, failure
	})
	if !errors.Is(err, failure) {
		t.Fatalf("error %v, want that of the work", err)
	}
	_, err = b.Operation(t.Context(), house, o.ID)
	wantKind(t, err, fault.NoSuchOperation)
	b.wantSeveral(t, false)

	outcome := housetable.Outcome{Status: 201, MetadataLocations: []string{"/a"}, Body: []byte("body")}
	first, err := b.Once(t.Context(), house, o, func(ctx context.Context, s housetable.Store) (housetable.Outcome, error) {
		return outcome, several(ctx, b, s)
	})
	if err != nil || !cmp.Equal(first.Outcome, outcome) {
		t.Fatalf("recorded %+v, %v", first, err)
	}
	b.wantSeveral(t, true)
	again, err := b.Once(t.Context(), house, o, func(context.Context, housetable.Store) (housetable.Outcome, error) {
		t.Error("done again")
		return housetable.Outcome{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := b.Operation(t.Context(), house, o.ID)
	if err != nil || !cmp.Equal(first, again) || !cmp.Equal(first, read) {
		t.Fatalf("recorded %+v, found %+v and %+v, %v", first, again, read, err)
	}
}

// several changes what is changed by commits and what is not.
func several(ctx context.Context, b *bench, s housetable.Store) error {
	if _, _, err := s.PutJob(ctx, house, housetable.Job{JobID: "j"}, nil); err != nil {
		return err
	}
	if _, err := s.CreateWarehouse(ctx, housetable.Warehouse{Name: "w"}); err != nil {
		return err
	}
	if err := s.PutToggleRule(ctx, house, housetable.ToggleRule{FeatureID: "f", DatabasePattern: "a", TablePattern: "b"}); err != nil {
		return err
	}
	verdicts, err := s.Commit(ctx, []housetable.Commit{b.request(create("c"))})
	if err == nil && verdictName(verdicts[0]) != "committed" {
		err = fault.New(fault.CommitFailed, "%#v", verdicts[0])
	}
	return err
}

func (b *bench) wantSeveral(t testing.TB, there bool) {
	t.Helper()
	_, job := b.Job(t.Context(), house, "j")
	_, warehouse := b.Warehouse(t.Context(), "w")
	rules, err := b.ToggleRules(t.Context(), house, "f")
	if err != nil || (job == nil) != there || (warehouse == nil) != there || (len(rules) == 1) != there || (b.table(t, key("c")) != nil) != there {
		t.Fatalf("want all there: %v; job %v, warehouse %v, rules %v %v, table %v", there, job, warehouse, rules, err, b.table(t, key("c")))
	}
}

// onceRace: of deliveries at once one does the work, while others, of other
// operations, compete for the same rows and for the same new names.
func onceRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 1)
	for round := range rounds {
		o, name := b.operation(), "n"+strconv.Itoa(round)
		var done atomic.Int64
		var wait sync.WaitGroup
		for range rivals {
			wait.Go(func() {
				recorded, err := b.Once(t.Context(), house, o, func(ctx context.Context, s housetable.Store) (housetable.Outcome, error) {
					verdicts, err := s.Commit(ctx, []housetable.Commit{b.request(housetable.SwapTable{Key: key("t0"), MetadataLocation: "/" + name})})
					if err != nil || verdictName(verdicts[0]) != "committed" {
						return housetable.Outcome{}, errors.Join(err, errors.New(verdictName(verdicts[0])))
					}
					return housetable.Outcome{Status: 200, Body: strconv.AppendInt(nil, verdicts[0].(housetable.Committed).Results[0].Table.Version, 10)}, nil //nolint:forcetypeassert // just seen
				})
				if err != nil || string(recorded.Outcome.Body) != strconv.Itoa(round+2) {
					t.Errorf("round %d: recorded %q, %v", round, recorded.Outcome.Body, err)
				}
			})
			wait.Go(func() {
				_, err := b.Once(t.Context(), house, b.operation(), func(ctx context.Context, s housetable.Store) (housetable.Outcome, error) {
					verdicts, err := s.Commit(ctx, []housetable.Commit{b.request(housetable.CreateNamespace{DatabaseID: name})})
					if err == nil && verdictName(verdicts[0]) == "conflict" {
						err = fault.New(fault.AlreadyExists, "%s", name)
					}
					return housetable.Outcome{Status: 200}, err
				})
				if err == nil {
					done.Add(1)
				} else if !fault.Is(err, fault.AlreadyExists) {
					t.Errorf("create: %v", err)
				}
			})
		}
		wait.Wait()
		if done.Load() != 1 || t.Failed() {
			t.Fatalf("round %d: %d creations, want one", round, done.Load())
		}
	}
}
