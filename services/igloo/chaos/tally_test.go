package chaos_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// tally counts how requests end, and how long nobody is answered, by what is done to
// Igloo meanwhile.
type tally struct {
	next http.RoundTripper

	mu     sync.Mutex
	during string
	done   []string // what was done, in its order
	ended  map[string]map[string]int
	gaps   map[string]time.Duration
	last   time.Time // the last answer
}

func newTally() *tally {
	return &tally{next: &http.Transport{MaxIdleConnsPerHost: 64}, ended: map[string]map[string]int{}, gaps: map[string]time.Duration{}}
}

const answered = "answered"

// RoundTrip implements http.RoundTripper. A request counts as of what is done when it
// ends: nothing that is done goes on for longer than its requests.
func (c *tally) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	how := "no answer"
	if err == nil {
		how = fmt.Sprint(response.StatusCode)
	}
	if response != nil && response.StatusCode < http.StatusInternalServerError {
		how = answered
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[c.during][how]++
	if how == answered {
		c.gap(time.Now())
		c.last = time.Now()
	}
	return response, err
}

// gap notes how long nobody was answered up to now.
func (c *tally) gap(now time.Time) {
	if !c.last.IsZero() {
		c.gaps[c.during] = max(c.gaps[c.during], now.Sub(c.last))
	}
}

// set says what is done from now on.
func (c *tally) set(during string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.during != "" {
		c.gap(time.Now())
	}
	c.during = during
	if c.ended[during] == nil {
		c.done, c.ended[during] = append(c.done, during), map[string]int{}
	}
}

// report tells how requests ended, and fails where what nobody is to see was seen by a
// client.
func (c *tally) report(t *testing.T, unseen []harm) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]int{}
	for _, during := range c.done {
		t.Logf("%-52s %v, longest without an answer %s", during, c.ended[during], c.gaps[during].Round(time.Millisecond))
		for how, n := range c.ended[during] {
			all[how] += n
		}
	}
	t.Logf("%-52s %v", "all", all)
	for _, step := range unseen {
		for _, during := range []string{step.name, afterwards(step.name)} {
			for _, how := range slices.Sorted(maps.Keys(c.ended[during])) {
				if how != answered && how != "503" {
					t.Errorf("%s: %d requests ended with %s", during, c.ended[during][how], how)
				}
			}
		}
	}
}

// afterwards is the rest after something was done.
func afterwards(done string) string { return "a rest after " + done }
