package rest_test

import (
	"testing"
	"testing/synctest"
)

// Of those who lost one is told with each commit that succeeds: told at once, all
// would look at the same version again, of whom one alone could win.
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
		synctest.Wait()
		before := len(answers)
		q.must(t, "POST", table, setProperty("next", "1"))
		synctest.Wait()
		if after := len(answers); after != before+1 {
			t.Errorf("%d were answered, and after one more commit %d", before, after)
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
