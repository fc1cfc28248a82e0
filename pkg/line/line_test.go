package line_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/line"
)

// takes is how long a batch is under way, where nothing else is said.
const takes = time.Second

// counter answers a call with its double, and notes what came together.
type counter struct {
	mu      sync.Mutex
	batches [][]int
	now     int
	most    int
	takes   time.Duration
}

func (c *counter) run(ctx context.Context, calls []int) ([]int, error) {
	c.mu.Lock()
	c.batches = append(c.batches, calls)
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.now--
	}()
	answers := make([]int, len(calls))
	for i, call := range calls {
		if answers[i] = 2 * call; call < 0 {
			return nil, errNegative
		}
	}
	select {
	case <-time.After(cmp.Or(c.takes, takes)):
		return answers, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var errNegative = errors.New("negative")

// queue is a line to a counter, and those who call.
type queue struct {
	*line.Line[int, int]
	counter
	wait sync.WaitGroup
}

func newQueue(limits line.Limits, gather func() func(int) bool) *queue {
	q := &queue{}
	if gather == nil {
		gather = line.Sharing(func(int) int { return 0 })
	}
	q.Line = &line.Line[int, int]{What: "numbers", Limits: limits, Run: q.run, Gather: gather}
	return q
}

// ask makes calls, each of which is in its place before the next one comes.
func (q *queue) ask(t *testing.T, calls ...int) {
	t.Helper()
	for _, call := range calls {
		q.wait.Go(func() {
			if answer, err := q.Do(t.Context(), call); err != nil || answer != 2*call {
				t.Errorf("call %d is answered %d, %v", call, answer, err)
			}
		})
		synctest.Wait()
	}
}

// sizes are those of the batches that there were.
func (q *queue) sizes() string {
	sizes := make([]int, len(q.batches))
	for i, batch := range q.batches {
		sizes[i] = len(batch)
	}
	return fmt.Sprint(sizes)
}

// came checks which batches there were.
func (q *queue) came(t *testing.T, want string) {
	t.Helper()
	q.wait.Wait()
	if got := fmt.Sprint(q.batches); got != want {
		t.Errorf("batches %s, want %s", got, want)
	}
	if q.most > q.Limits.Slots {
		t.Errorf("%d batches at a time, %d may be", q.most, q.Limits.Slots)
	}
}

func TestWhatComesTogetherGoesTogether(t *testing.T) {
	patient := line.Limits{Slots: 4, Batch: 4, Queue: 100, Patience: time.Hour}
	slots, batch, impatient, inTurn := patient, patient, patient, patient
	slots.Slots, batch.Batch, impatient.Patience, inTurn.InTurn = 1, 2, 0, true
	for name, test := range map[string]struct {
		limits  line.Limits
		calls   int
		batches string
	}{
		"one":                          {patient, 1, "[[1]]"},
		"two are next to none":         {patient, 2, "[[1] [2]]"},
		"a third waits for company":    {patient, 3, "[[1] [2] [3]]"},
		"and goes with it at once":     {patient, 4, "[[1] [2] [3 4]]"},
		"as much as is under way":      {patient, 8, "[[1] [2] [3 4] [5 6 7 8]]"},
		"with no slot free":            {patient, 11, "[[1] [2] [3 4] [5 6 7 8] [9 10 11]]"},
		"one slot":                     {slots, 4, "[[1] [2 3 4]]"},
		"no more than a batch":         {batch, 8, "[[1] [2] [3 4] [5 6] [7 8]]"},
		"in turn":                      {inTurn, 4, "[[1] [2 3 4]]"},
		"or as a whole batch":          {inTurn, 6, "[[1] [2 3 4 5] [6]]"},
		"what has no patience":         {impatient, 5, "[[1] [2] [3] [4] [5]]"},
		"nor room, has a batch as big": {impatient, 8, "[[1] [2] [3] [4] [5 6 7 8]]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(test.limits, nil)
				for call := range test.calls {
					q.ask(t, call+1)
				}
				q.came(t, test.batches)
			})
		})
	}
}

// TestATurnIsThatOfAll: those that do not go together do not wait for one another.
func TestATurnIsThatOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		odd := line.Sharing(func(call int) bool { return call%2 == 1 })
		q := newQueue(line.Limits{Slots: 4, Batch: 8, Queue: 100, Patience: takes * 10, InTurn: true}, odd)
		began := time.Now()
		q.ask(t, 1, 2, 3, 4, 5)
		q.wait.Wait()
		if len(q.batches) != 3 || time.Since(began) != 2*takes {
			t.Errorf("batches %v in %s", q.batches, time.Since(began))
		}
	})
}

// TestACrowdWaits: who finds nobody there waits all the same, where many come again as
// soon as they are answered: until all are there, and not for long.
func TestACrowdWaits(t *testing.T) {
	const company, short, long = 10 * time.Millisecond, 2 * time.Millisecond, time.Minute
	type round struct {
		pause       time.Duration
		calls, late int // so many come while the others are under way
		took        time.Duration
		batches     string
	}
	first, all := round{0, 5, 0, 2 * short, "[1 4]"}, round{0, 5, 0, short, "[5]"}
	few := round{0, 2, 0, company + short, "[2]"}
	for name, rounds := range map[string][]round{
		"of two, one has its turn after the other":  {{0, 2, 0, 2 * short, "[1 1]"}, {0, 2, 0, 2 * short, "[1 1]"}},
		"all are waited for":                        {first, all, all},
		"one in four may be late":                   {first, all, {0, 4, 0, company + short, "[4]"}, {0, 4, 0, short, "[4]"}},
		"not again when they did not come":          {first, all, few, {0, 2, 0, 2 * short, "[1 1]"}},
		"but after a while, when many go together":  {first, all, few, {long, 5, 0, 2 * short, "[1 4]"}, all},
		"nor when they came long ago":               {first, all, {long, 2, 0, 2 * short, "[1 1]"}},
		"nor when others come while they are there": {first, all, {0, 5, 2, 2 * short, "[5 2]"}, {0, 2, 0, 2 * short, "[1 1]"}},
		"but one in four may":                       {first, all, {0, 5, 1, company + 2*short, "[5 1]"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(line.Limits{Slots: 4, Batch: 100, Queue: 100, Patience: takes, InTurn: true, Company: company}, nil)
				q.takes = short
				for n, round := range rounds {
					time.Sleep(round.pause)
					began := time.Now()
					q.ask(t, make([]int, round.calls+round.late)...)
					q.wait.Wait()
					if took := time.Since(began); took != round.took || q.sizes() != round.batches {
						t.Errorf("round %d took %s in batches of %s, want %s in %s", n, took, q.sizes(), round.took, round.batches)
					}
					q.batches = nil
				}
			})
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const patience = takes / 10
		q := newQueue(line.Limits{Slots: 5, Batch: 100, Queue: 100, Patience: patience}, nil)
		q.ask(t, 1, 2, 3, 4) // of which two wait for no company
		q.ask(t, 5)
		time.Sleep(patience / 2)
		q.ask(t, 6)
		time.Sleep(patience)
		synctest.Wait()
		if got := fmt.Sprint(q.batches); got != "[[1] [2] [3 4] [5 6]]" {
			t.Errorf("batches %s", got)
		}
		q.ask(t, 7)
		time.Sleep(patience)
		q.came(t, "[[1] [2] [3 4] [5 6] [7]]")
	})
}

func TestCallsOfAKeyGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		odd := line.Sharing(func(call int) bool { return call%2 == 1 })
		q := newQueue(line.Limits{Slots: 1, Batch: 3, Queue: 100}, odd)
		q.ask(t, 1, 2, 3, 4, 6, 5, 8, 7)
		q.came(t, "[[1] [2 4 6] [3 5 7] [8]]")
	})
}

func TestErrorIsThatOfAllInTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(line.Limits{Slots: 1, Batch: 2, Queue: 100}, nil)
		q.ask(t, 1)
		for _, call := range []int{2, -1} {
			q.wait.Go(func() {
				if _, err := q.Do(t.Context(), call); !errors.Is(err, errNegative) {
					t.Errorf("call %d: %v", call, err)
				}
			})
			synctest.Wait()
		}
		q.ask(t, 3)
		q.came(t, "[[1] [2 -1] [3]]")
	})
}

func TestFullQueueRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(line.Limits{Slots: 1, Batch: 2, Queue: 2}, nil)
		q.ask(t, 1, 2, 3)
		if _, err := q.Do(t.Context(), 4); !fault.Is(err, fault.Overloaded) {
			t.Errorf("error %v", err)
		}
		q.came(t, "[[1] [2 3]]")
	})
}

func TestCallerWhoLeaves(t *testing.T) {
	for name, test := range map[string]struct {
		after   time.Duration
		handed  bool
		batches string
	}{
		"while it waits":        {takes / 2, false, "[[1] [3]]"},
		"while it is under way": {takes * 3 / 2, true, "[[1] [2 3]]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(line.Limits{Slots: 1, Batch: 2, Queue: 100}, nil)
				q.ask(t, 1)
				ctx, cancel := context.WithTimeout(t.Context(), test.after)
				defer cancel()
				q.wait.Go(func() {
					started := time.Now()
					_, err := q.Do(ctx, 2)
					left, ok := errors.AsType[line.DepartureError](err)
					if !ok || left.Handed != test.handed || !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != test.after {
						t.Errorf("error %#v after %s", err, time.Since(started))
					}
				})
				synctest.Wait()
				q.ask(t, 3)
				q.came(t, test.batches)
			})
		})
	}
}

func TestAloneACallHasItsCallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(line.Limits{Slots: 1, Batch: 2, Queue: 100}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), takes/2)
		defer cancel()
		if _, err := q.Do(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		q.ask(t, 2) // the slot is free again
		q.came(t, "[[1] [2]]")
	})
}

func TestWaitsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		q := newQueue(line.Limits{Slots: 1, Batch: 2, Queue: 100}, nil)
		q.Began = func(_ context.Context, waits ...time.Duration) { told = append(told, fmt.Sprint(waits)) }
		q.ask(t, 1, 2)
		time.Sleep(takes / 2)
		q.ask(t, 3)
		q.wait.Wait()
		if got := fmt.Sprint(told); got != "[[0s] [1s 500ms]]" {
			t.Errorf("told of %s", got)
		}
	})
}

// Calls that come together go together, and each is told what became of it.
func TestCallsThatComeTogether(t *testing.T) {
	for name, c := range map[string]struct {
		limits line.Limits
		calls  []int
		want   string
	}{
		"none":                   {line.Limits{Slots: 1, Batch: 4, Queue: 9}, nil, "[]"},
		"one":                    {line.Limits{Slots: 1, Batch: 4, Queue: 9}, []int{1}, "[[1]]"},
		"a batch":                {line.Limits{Slots: 1, Batch: 4, Queue: 9}, []int{1, 2, 3}, "[[1 2 3]]"},
		"more than a batch":      {line.Limits{Slots: 1, Batch: 2, Queue: 9}, []int{1, 2, 3}, "[[1 2] [3]]"},
		"more than may wait":     {line.Limits{Slots: 1, Batch: 4, Queue: 2}, []int{1, 2, 3, 4}, "[[1 2]]"},
		"a batch with a bad one": {line.Limits{Slots: 1, Batch: 2, Queue: 9}, []int{1, -2, 3}, "[[1 -2] [3]]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(c.limits, nil)
				values, errs := q.DoAll(t.Context(), c.calls)
				for i, call := range c.calls {
					switch {
					case i >= c.limits.Queue:
						if !fault.Is(errs[i], fault.Overloaded) {
							t.Errorf("call %d of a queue of %d: %v", i, c.limits.Queue, errs[i])
						}
					case call < 0 || slices.Contains(c.calls[:min(i+2, len(c.calls))], -2) && i < 2:
						if !errors.Is(errs[i], errNegative) {
							t.Errorf("call %d: %v", i, errs[i])
						}
					case errs[i] != nil || values[i] != 2*call:
						t.Errorf("call %d: %d, %v", i, values[i], errs[i])
					}
				}
				if got := fmt.Sprint(q.batches); got != c.want {
					t.Errorf("batches are %s, wanted %s", got, c.want)
				}
			})
		})
	}
}

// Who leaves with several leaves with all that are not answered.
func TestCallersWhoLeaveWithSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(line.Limits{Slots: 1, Batch: 2, Queue: 9}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), takes+takes/2)
		defer cancel()
		values, errs := q.DoAll(ctx, []int{1, 2, 3, 4, 5})
		for i, err := range errs {
			left, gone := errors.AsType[line.DepartureError](err)
			if gone != (i >= 2) || gone && left.Handed != (i < 4) || !gone && (err != nil || values[i] != 2*(i+1)) {
				t.Errorf("call %d: %d, %v", i, values[i], err)
			}
		}
		time.Sleep(takes)
		if synctest.Wait(); len(q.batches) != 2 {
			t.Errorf("batches are %v: what was left behind ran", q.batches)
		}
	})
}
