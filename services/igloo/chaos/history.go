package chaos

import (
	"math"
	"slices"
)

// Forever is when a request returned whose answer never came.
const Forever = math.MaxInt64

// Kind is what a request asks for.
type Kind string

// The kinds of requests.
const (
	// Commit changes tables: one, or several in a transaction.
	Commit Kind = "commit"
	// Load reads what one table is.
	Load Kind = "load"
	// Create makes a table under a name.
	Create Kind = "create"
	// Drop removes a name.
	Drop Kind = "drop"
	// Rename moves a table from one name to another.
	Rename Kind = "rename"
	// Exists asks whether a name is taken.
	Exists Kind = "exists"
	// Replace gives what is under a name another value.
	Replace Kind = "replace"
	// Look reads the value under a name.
	Look Kind = "look"
)

// Space is what names are of; each has its own.
type Space string

// The spaces.
const (
	TableNames Space = "names of tables"
	// Views and Namespaces have a value each: a view's query, a property.
	Views      Space = "views"
	Namespaces Space = "namespaces"
)

// Request is one thing that a client wanted, however many times it sent it.
type Request struct {
	ID   int
	Kind Kind
	// Key is the Idempotency-Key; empty when none was sent.
	Key string
	// Called is when it was first sent and Returned when an answer settled it,
	// in nanoseconds of one clock; Forever when none did.
	Called, Returned int64
	// Effects are what a commit does, one a table.
	Effects []Effect
	// Seen is what a load saw.
	Seen State
	// From is the name that a create, drop, rename, replace or look-up is about,
	// and To the new one of a rename.
	From, To string
	Space    Space
	// Value is the one that a create or replace gives, and a look saw.
	Value string
	// Replies are the answers that settle the outcome, 2xx and 4xx, of every
	// time that it was sent.
	Replies []Reply
}

// Effect is what a commit does to one table: it appends a snapshot to a parent,
// or sets the value.
type Effect struct {
	Table            string
	Snapshot, Parent int64
	Value            string
}

// Reply is an answer that settles an outcome.
type Reply struct {
	Status int
	// Location of the metadata that the answer is made of; empty where there is none.
	Location string
	// Digest of all else that was said: two answers that differ have two.
	Digest string
}

// status is the first reply's; 0 when there is none.
func (r Request) status() int {
	if len(r.Replies) == 0 {
		return 0
	}
	return r.Replies[0].Status
}

func (r Request) acknowledged() bool { return r.status() >= 200 && r.status() < 300 }

func (r Request) refused() bool { return r.status() >= 400 && r.status() < 500 }

// State is what a commit can change of a table: the head of its main branch and
// the value.
type State struct {
	Main  int64
	Value string
}

// Table is what a table tells of its past.
type Table struct {
	// States, the oldest first, one for each metadata file.
	States []State
	// Ancestors of the main branch's head, and the head.
	Ancestors []int64
	// Values that were ever set.
	Values []string
	// Missing are metadata files that are named and not there.
	Missing []string
}

// holds reports whether the table shows the effect: a snapshot must be on the
// main branch, not only among the snapshots.
func (t Table) holds(e Effect) bool {
	if e.Value != "" {
		return slices.Contains(t.Values, e.Value)
	}
	return slices.Contains(t.Ancestors, e.Snapshot)
}

// Observed is what is there once everything has healed.
type Observed struct {
	Tables map[string]Table
	// Values are those that each view that is there ever had, the oldest first.
	Values map[string][]string
	// Replays are the answers to requests that were sent once more, by id.
	Replays map[int]Reply
	// Moved are the things that those replays changed.
	Moved []string
	// Orphans are metadata files that nothing names, and that no sweep took.
	Orphans []string
}
