package housetable

import "time"

// EventRetention is how long events are kept. One row is both an event of the
// outbox and a version of a history; it goes when it is needed for neither.
type EventRetention struct {
	// Events is how long the outbox keeps them all.
	Events time.Duration
	// History is how far back it is known what a house table was; not less than Events.
	History time.Duration
	// Versions is the most versions that a house table keeps beyond Events.
	Versions int64
}

// EventWalk goes through the events of a warehouse in their order, up to those
// that are younger than Age, and remembers how far it came.
type EventWalk struct {
	// Column is the name under which every store keeps how far it came.
	Column string
	Age    time.Duration
	// versions is how many versions of a house table it leaves, counted from the
	// one that it passes.
	versions int64
	// namespaces and ends are set where it also forgets what nothing follows: the
	// changes of namespaces, the last versions of house tables that are gone.
	namespaces, ends bool
}

// Walks are what it takes to forget all that need not be kept. A version that is
// passed makes those before it go: so the one that was current when the time
// that is remembered begins stays, and the current one stays for ever.
func (r EventRetention) Walks() []EventWalk {
	return []EventWalk{
		{Column: "by_count", Age: r.Events, versions: r.Versions, namespaces: true},
		{Column: "by_age", Age: max(r.Events, r.History), versions: 1, ends: true},
	}
}

// PassedEvent is an event that a walk comes by.
type PassedEvent struct {
	Sequence int64
	// UUID is nil for a change of a namespace.
	UUID    *UUID
	Version int64
	// End is set where the house table was dropped for good, or purged.
	End bool
}

// Doomed is what a walk makes go: the versions of house tables that are less
// than a number, and single events.
type Doomed struct {
	Below     map[UUID]int64
	Sequences []int64
}

// Pass returns what is to go because of the events passed.
func (w EventWalk) Pass(passed []PassedEvent) Doomed {
	d := Doomed{Below: map[UUID]int64{}}
	for _, e := range passed {
		if e.UUID == nil && w.namespaces || e.End && w.ends {
			d.Sequences = append(d.Sequences, e.Sequence)
		}
		if e.UUID != nil && e.Version >= w.versions {
			d.Below[*e.UUID] = max(d.Below[*e.UUID], e.Version-w.versions+1)
		}
	}
	return d
}
