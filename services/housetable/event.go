package housetable

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Event is one change of a house table or a namespace, as the outbox tells it.
// Positions rise with time: of two changes, one of which was committed before
// the other began, the first has the lower position; so the versions of one
// house table, or of one namespace, are in order.
type Event struct {
	Position Position
	Action   Action
	// Kind is AnyKind for a change of a namespace, which has no TableID and no UUID.
	Kind Kind
	// Key after the change.
	Key TableKey
	// PreviousKey is set by renames.
	PreviousKey *TableKey
	UUID        UUID
	Version     int64
	// MetadataLocation after the change, and before it where there was one.
	MetadataLocation         string
	PreviousMetadataLocation string
	// DeletedAtMS is the generation that a soft drop made or a purge forgot.
	DeletedAtMS *int64
	CommittedAt time.Time
	// OperationID is zero for a purge.
	OperationID UUID
	Principal   string
	RequestID   string
	// Grant is what was given or revoked, by actions that are no change of what it
	// is granted on. Key has the names that its object was given.
	Grant *Grant
}

// SetGrant gives the event what it tells of, as history has it.
func (e *Event) SetGrant(kind, grantee, privilege string) error {
	entry, err := GrantID{Kind: kind, Grantee: grantee, Privilege: privilege}.Entry(e.Action == ActionRevoke)
	e.Grant = &Grant{Object: Object{Kind: entry.Kind, DatabaseID: e.Key.DatabaseID}, Grantee: entry.Grantee, Privilege: entry.Privilege}
	if e.Grant.Object.IsTable() {
		e.Grant.Object.TableID = e.Key.TableID
	} else {
		e.Grant.Object.Role = e.Key.TableID
	}
	return err
}

// Place gives the event its position.
func (e *Event) Place(sequence int64) {
	e.Position = Position{Sequence: sequence, Fingerprint: e.fingerprint()}
}

// fingerprint tells an event from one that another line of history has at the
// same position.
func (e *Event) fingerprint() uint32 {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%x %d %s %x %d", e.UUID, e.Version, e.Action, e.OperationID, e.CommittedAt.UnixMicro()) // a hash takes all
	return h.Sum32()
}

// Position is a place in a warehouse's outbox: right behind one event. The zero
// Position is before all events.
type Position struct {
	Sequence    int64
	Fingerprint uint32
}

// String is the position as callers keep it.
func (p Position) String() string { return fmt.Sprintf("%d-%08x", p.Sequence, p.Fingerprint) }

// Later is the later one of two positions.
func (p Position) Later(q Position) Position {
	if q.Sequence > p.Sequence {
		return q
	}
	return p
}

// ParsePosition reads what String wrote.
func ParsePosition(field, text string) (p Position, err error) {
	sequence, fingerprint, _ := strings.Cut(text, "-")
	print32, notHex := strconv.ParseUint(fingerprint, 16, 32)
	p.Sequence, err = strconv.ParseInt(sequence, 10, 64)
	p.Fingerprint = uint32(print32)
	if err != nil || notHex != nil || p.Sequence < 0 || p.String() != text {
		return Position{}, fault.Field(field, "%q is not a position of this service", text)
	}
	return p, nil
}

// EventQuery asks for the events of a warehouse that follow After, at most Limit.
type EventQuery struct {
	Warehouse string
	After     Position
	Limit     int
	// Fence is that of the answer before, where it had one.
	Fence *Fence
}

// Fence is what a reader of the outbox waits for: events up to Position are
// there, but a transaction that began before them may still bring earlier ones.
type Fence struct {
	Position    int64
	Transaction int64
}

// Read makes the answer to a query of what a store found: events from q.After on,
// inclusively, and the last position that was forgotten. Where the event at
// q.After should be there and is not, the reader has missed something.
func (q EventQuery) Read(found []Event, forgotten int64) ([]Event, error) {
	switch {
	case q.After.Sequence < forgotten:
		return nil, fault.New(fault.PositionExpired, "events after position %s are not all kept any longer: the first kept is after %s",
			q.After, Position{Sequence: forgotten})
	case q.After.Sequence == forgotten && (len(found) == 0 || found[0].Position.Sequence > forgotten):
		return found, nil
	case len(found) == 0 || found[0].Position != q.After:
		return nil, fault.New(fault.PositionExpired, "no event is at position %s: the warehouse has another history, as after a restore from a backup", q.After)
	}
	return found[1:], nil
}

// Consumer is a reader of a warehouse's outbox that is known by name.
type Consumer struct {
	Name string
	// Position of the last event that it acknowledged.
	Position       Position
	AcknowledgedAt time.Time
}

// MaxConsumers is the most consumers of one warehouse.
const MaxConsumers = 1000

// TooManyConsumers is the error of an acknowledgement by one consumer too many.
func TooManyConsumers(warehouse string) error {
	return fault.New(fault.Unprocessable, "warehouse %q has %d consumers already, which is the most", warehouse, MaxConsumers)
}
