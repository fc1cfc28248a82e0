package grpcclient_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// wire is a house table service that answers after a while: it has every table but those
// that are "absent", and refuses calls that name "bad". It notes how many keys came together.
type wire struct {
	grpc.ClientConnInterface
	old   bool // it does not say whose table is whose
	hangs bool // at its first call

	mu    sync.Mutex
	calls []int
}

// whileAway is how long an answer takes.
const whileAway = 10 * time.Millisecond

func (w *wire) Invoke(ctx context.Context, _ string, request, answer any, _ ...grpc.CallOption) error {
	var keys []*htsv1.TableKey
	switch r := request.(type) {
	case *htsv1.GetTableRequest:
		keys = []*htsv1.TableKey{r.GetKey()}
	case *htsv1.BatchGetTablesRequest:
		keys = r.GetKeys()
	}
	w.mu.Lock()
	w.calls = append(w.calls, len(keys))
	takes := whileAway
	if w.hangs && len(w.calls) == 1 {
		takes = time.Hour
	}
	w.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
	return w.answer(keys, answer)
}

func (w *wire) answer(keys []*htsv1.TableKey, answer any) error {
	batch, single := answer.(*htsv1.BatchGetTablesResponse)
	for i, key := range keys {
		switch {
		case key.GetTableId() == "bad":
			return status.Error(codes.InvalidArgument, "bad")
		case strings.HasPrefix(key.GetTableId(), "absent") && !single:
			return status.Error(codes.NotFound, "absent")
		case strings.HasPrefix(key.GetTableId(), "absent"):
		case !single:
			answer.(*htsv1.GetTableResponse).Table = &htsv1.HouseTable{Key: key} //nolint:forcetypeassert // the only other one
		default:
			batch.Tables = append(batch.Tables, &htsv1.HouseTable{Key: key})
			if !w.old {
				batch.Indexes = append(batch.Indexes, uint32(i))
			}
		}
	}
	return nil
}

// apart is how many calls go each for itself before others queue up.
const apart = 1

// read reads tables at once, in the order of their names, and checks each
// verdict. The first are there for others to queue up behind them.
func read(t *testing.T, w *wire, names ...string) {
	t.Helper()
	tables := grpcclient.Tables(w)
	var wait sync.WaitGroup
	for n := range apart + len(names) {
		name := fmt.Sprint("busy", n)
		if n >= apart {
			name = names[n-apart]
		}
		wait.Go(func() {
			r, err := tables.GetTable(t.Context(), &htsv1.GetTableRequest{Key: &htsv1.TableKey{DatabaseId: "db", TableId: name}})
			want := map[string]codes.Code{"bad": codes.InvalidArgument, "absent": codes.NotFound, "absent too": codes.NotFound}[name]
			if status.Code(err) != want || want == codes.OK && r.GetTable().GetKey().GetTableId() != name {
				t.Errorf("%s: %v %v", name, r, err)
			}
		})
		synctest.Wait()
	}
	wait.Wait()
}

func TestReadsThatQueueGoTogether(t *testing.T) {
	for name, test := range map[string]struct {
		wire  *wire
		reads []string
		calls string
	}{
		"one goes alone":                    {&wire{}, nil, "[1]"},
		"a lone one that waited":            {&wire{}, []string{"a"}, "[1 1]"},
		"each has its own verdict":          {&wire{}, []string{"a", "absent", "b", "c"}, "[1 4]"},
		"those of one table are one":        {&wire{}, []string{"a", "absent", "b", "absent", "a", "b"}, "[1 3]"},
		"and nothing but one":               {&wire{}, []string{"a", "a", "a"}, "[1 1]"},
		"one that is absent":                {&wire{}, []string{"absent", "absent"}, "[1 1]"},
		"one at fault":                      {&wire{}, []string{"bad", "bad"}, "[1 1]"},
		"one at fault is alone with it":     {&wire{}, []string{"a", "bad", "b"}, "[1 3 1 1 1]"},
		"an old service is asked for each":  {&wire{old: true}, []string{"a", "absent"}, "[1 2 1 1]"},
		"an old service that found nothing": {&wire{old: true}, []string{"absent", "absent too"}, "[1 2]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				read(t, test.wire, test.reads...)
				if got := fmt.Sprint(test.wire.calls); got != test.calls {
					t.Errorf("calls of %s keys, want %s", got, test.calls)
				}
			})
		})
	}
}

func TestCallThatHangsDelaysTheOthersOnlyAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{hangs: true}
		tables := grpcclient.Tables(w)
		var wait sync.WaitGroup
		for n := range 20 {
			wait.Go(func() {
				started := time.Now()
				_, err := tables.GetTable(t.Context(), &htsv1.GetTableRequest{Key: &htsv1.TableKey{TableId: "t"}})
				if n == 0 && status.Code(err) != codes.DeadlineExceeded || n > 0 && (err != nil || time.Since(started) > 10*whileAway) {
					t.Errorf("reader %d: %v after %s", n, err, time.Since(started))
				}
			})
			synctest.Wait()
		}
		wait.Wait()
	})
}

func TestReaderWhoLeavesCostsOthersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		tables := grpcclient.Tables(w)
		soon, cancel := context.WithTimeout(t.Context(), whileAway*3/2)
		defer cancel()
		var wait sync.WaitGroup
		for n := range apart + 4 {
			ctx := t.Context()
			if n == apart+2 { // one of the batch
				ctx = soon // it ends while its batch is under way
			}
			wait.Go(func() {
				started := time.Now()
				_, err := tables.GetTable(ctx, &htsv1.GetTableRequest{Key: &htsv1.TableKey{TableId: "t"}})
				switch {
				case ctx == soon && (status.Code(err) != codes.DeadlineExceeded || time.Since(started) != whileAway*3/2):
					t.Errorf("the one who left: %v after %s", err, time.Since(started))
				case ctx != soon && err != nil:
					t.Errorf("reader %d: %v", n, err)
				}
			})
			synctest.Wait()
		}
		wait.Wait()
		if got := fmt.Sprint(w.calls); got != "[1 1]" {
			t.Errorf("calls of %s keys", got)
		}
	})
}
