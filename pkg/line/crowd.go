package line

import "time"

// Callers crowd when so many calls went together, and for so long after it: there are
// more than take turns with one another.
const (
	several  = 3
	crowdFor = 50 * time.Millisecond
)

// How long no calls are waited for when it was in vain: the longer the more often.
const (
	shortPause = 10 * time.Millisecond
	longPause  = time.Second
)

// crowd is how many calls come at a time, and whether it is worth waiting for them: if
// they are of callers who come again when they are answered. Then all are there soon, and
// nobody comes while they are under way. Where others come all the time, to wait for
// some of them costs more than it gains.
type crowd struct {
	// most calls were here at a time, lately, and when.
	most int
	at   time.Time
	// met is when several last went together.
	met time.Time
	// complete is the size of the batch under way for which calls were waited for.
	complete int
	// pause is how long none are when it is in vain again, and resumed when they are.
	pause   time.Duration
	resumed time.Time
}

// here notes that so many calls are under way or wait.
func (c *crowd) here(now time.Time, calls int) {
	if calls >= c.most || now.Sub(c.at) > crowdFor {
		c.most, c.at = calls, now
	}
}

// expected is how many calls are sure to come; 0 when nobody can know.
func (c *crowd) expected(now time.Time) int {
	if now.Sub(c.met) > crowdFor || now.Before(c.resumed) {
		return 0
	}
	return c.most
}

// went notes that so many calls went together.
func (c *crowd) went(now time.Time, calls int) {
	c.complete = 0
	if c.expected(now) > 0 {
		c.complete = calls
	}
	if calls >= several {
		c.met = now
	}
}

// stayed notes that no more than so many came. One in four may be late.
func (c *crowd) stayed(now time.Time, calls int) {
	if calls < c.most*3/4 {
		c.inVain(now)
	}
	c.most = calls
}

// ended notes that so many calls came while a batch was under way.
func (c *crowd) ended(now time.Time, calls int) {
	switch {
	case c.complete == 0:
	case calls*4 > c.complete:
		c.inVain(now)
	default:
		c.pause = 0
	}
	c.complete = 0
}

func (c *crowd) inVain(now time.Time) {
	c.pause = min(max(2*c.pause, shortPause), longPause)
	c.resumed = now.Add(c.pause)
}
