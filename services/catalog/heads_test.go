package catalog

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
)

// contest is one table that several replicas commit to, told from one of them.
type contest struct {
	*testing.T
	*heads

	now    Pointer
	vain   int // swaps here on a head that was old
	reads  int
	rounds int
}

func newContest(t *testing.T) *contest {
	t.Helper()
	s := newHeads(1 << 20)
	return &contest{T: t, heads: s, now: Pointer{UUID: uuid.New(), Version: 1}}
}

func (c *contest) swap() Winner {
	c.rounds++
	return swapped(c.now, fmt.Sprint("v", c.now.Version+1), "p", "r")
}

func (c *contest) elsewhere() {
	by := c.swap()
	c.now.Version, c.now.MetadataLocation = by.Version, by.MetadataLocation
}

// here commits as a fold does: on what is remembered, or what it reads.
func (c *contest) here() {
	if p := c.likely(contended); p == nil {
		c.reads++
	} else if p[0].Version != c.now.Version {
		c.vain++
		c.lost(contended)
	}
	by := c.swap()
	c.won(contended, c.now, by)
	c.now.Version, c.now.MetadataLocation = by.Version, by.MetadataLocation
}

func TestTheOnlyReplicaReadsOnce(t *testing.T) {
	c := newContest(t)
	for range 100 {
		c.here()
	}
	if c.reads != 1 || c.vain != 0 {
		t.Errorf("%d reads, %d in vain", c.reads, c.vain)
	}
}

// What others commit to as well is read, after a few attempts in vain.
func TestSharedTablesAreRead(t *testing.T) {
	for name, elsewhere := range map[string]func(i int) bool{
		"in turn":                func(int) bool { return true },
		"every other time":       func(i int) bool { return i%2 == 1 },
		"after three in a row":   func(i int) bool { return i%3 == 2 },
		"as a coin falls, often": func(i int) bool { return (i*i*2654435761)>>7&1 == 1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := newContest(t)
			for i := range 1000 {
				if c.here(); elsewhere(i) {
					c.elsewhere()
				}
			}
			if c.vain > 10 {
				t.Errorf("%d of 1000 attempts were in vain", c.vain)
			}
		})
	}
}

// One commit from elsewhere does not make a replica read for ever.
func TestDoubtPasses(t *testing.T) {
	c := newContest(t)
	for range 20 {
		c.here()
		c.elsewhere()
	}
	before := c.reads
	for range 100 {
		c.here()
	}
	if more := c.reads - before; more > doubtAtMost+2 || c.likely(contended) == nil {
		t.Errorf("%d more reads", more)
	}
}

func TestWhoMadeAHead(t *testing.T) {
	c := newContest(t)
	c.here()
	if by, known := c.winner(contended, c.now); !known || by.Principal != "p" || by.RequestID != "r" || by.Version != 2 || by.MetadataLocation != "v2" {
		t.Errorf("%+v, %v", by, known)
	}
	other := c.now
	other.MetadataLocation = "another's of that version"
	if by, known := c.winner(contended, other); known {
		t.Errorf("%+v", by)
	}
	c.elsewhere()
	if by, known := c.winner(contended, c.now); known {
		t.Errorf("%+v", by)
	}
}

func TestHeadsAreBounded(t *testing.T) {
	const limit = 64 << 10
	s := newHeads(limit)
	for i := range 10_000 {
		s.won(lineKey{"w", fmt.Sprint(i)}, Pointer{}, Winner{})
	}
	if use := s.use(); use.Bytes > limit || use.Evictions == 0 {
		t.Errorf("%+v", use)
	}
}
