package rest_test

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Of those who lost one is told at a time: told at once, all would look at the same
// version again, of whom one alone could win.
func TestThoseWhoLostAreToldInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil)
		q.post(t, table, setProperty("first", "1"))
		answers := make(chan int, 3)
		for i := range 3 {
			body := appends(int64(1+i), 0, "file:///m")
			q.group.Go(func() { answers <- q.do(t, "POST", table, body).status })
			synctest.Wait()
		}
		close(q.proceed)
		for i, passes := range []time.Duration{0, 2 * time.Millisecond, 5 * time.Millisecond} {
			time.Sleep(passes)
			synctest.Wait()
			if len(answers) != i+1 {
				t.Errorf("%d were answered, want %d", len(answers), i+1)
			}
		}
		q.group.Wait()
		statuses := map[int]int{}
		for range 3 {
			statuses[<-answers]++
		}
		if statuses[200] != 1 || statuses[409] != 2 {
			t.Error(statuses)
		}
	})
}

// writer appends to the table as often as it can.
type writer struct {
	*queue

	head    int64
	commits int
}

// thinks is how long a client takes between an answer and its next request.
const thinks = time.Millisecond

func (w *writer) commit(t *testing.T, id int64) {
	t.Helper()
	time.Sleep(thinks)
	if w.do(t, "POST", table, appends(id, w.head, "file:///m")).status == http.StatusOK {
		w.head = id
		w.commits++
		return
	}
	time.Sleep(thinks)
	current, _ := at(w.must(t, "GET", table, ""), "metadata", "current-snapshot-id").(float64)
	w.head = int64(current)
}

// Whoever wins knows the new version a look earlier than those who lost, and yet
// does not go on winning for ever.
func TestEveryWriterHasATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, nil)
		close(q.proceed)
		var ids atomic.Int64
		writers := make([]*writer, 4)
		for i := range writers {
			writers[i] = &writer{queue: q}
			q.group.Go(func() {
				for end := time.Now().Add(time.Second); time.Now().Before(end); {
					writers[i].commit(t, ids.Add(1))
				}
			})
		}
		q.group.Wait()
		commits := make([]int, len(writers))
		for i, w := range writers {
			commits[i] = w.commits
		}
		if least, most := slices.Min(commits), slices.Max(commits); 2*least < most {
			t.Errorf("of four writers they had %v commits", commits)
		}
	})
}
