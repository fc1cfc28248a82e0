package catalog

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// DefaultWarehouse is the warehouse of requests that name none.
const DefaultWarehouse = "default"

// Kind is what a pointer stands for.
type Kind uint8

// The kinds; the zero Kind means any.
const (
	AnyKind Kind = iota
	TableKind
	ViewKind
	// FunctionKind has names of its own; tables and views share theirs.
	FunctionKind
)

// Warehouse is the outermost name, and where its tables lie.
type Warehouse struct {
	Name string
	// Location is the root of new tables; empty means the configured one.
	Location   string
	Properties map[string]string
	// Storage is the store it lies in; nil means the configured one.
	Storage   *StorageProfile
	CreatedAt time.Time
	// Version counts its changes.
	Version int64
}

// Pointer is what the house table service knows of a table, view or function.
type Pointer struct {
	Identifier       TableIdentifier
	Kind             Kind
	UUID             uuid.UUID // the pointer's own, not the metadata's
	Version          int64
	MetadataLocation string
	UpdatedAt        time.Time
	// Dropped pointers may be restored.
	Dropped bool
	// Owner is the principal who made it; empty when nobody said who they are.
	Owner string
}

// Site is where something new is to be.
type Site struct {
	Warehouse Warehouse
	// Properties of the namespace.
	Properties map[string]string
	// Standing under the name, nil when nothing does. Tables and views stand in each
	// other's way.
	Standing *Pointer
}

// Page asks for a part of a list. Without Paged the whole list is wanted.
type Page struct {
	Paged bool
	Token string
	Size  int
	// Visible leaves out what is not in it; nil leaves out nothing.
	Visible *authz.Visibility
}

// Pointers is what the catalog needs of the house table service. Reads fail
// with fault.NoSuchWarehouse, NoSuchNamespace or NoSuchTable where the thing is
// not there, and with fault.Unavailable where the service is not.
type Pointers interface {
	// Warehouses lists all of them.
	Warehouses(ctx context.Context, page Page) (found []Warehouse, next string, err error)
	// Warehouse returns one warehouse.
	Warehouse(ctx context.Context, name string) (Warehouse, error)
	// Namespace returns the properties of one namespace.
	Namespace(ctx context.Context, warehouse string, ns Namespace) (map[string]string, error)
	// NamespaceVisible fails with fault.NoSuchNamespace when the namespace is not
	// there or not visible.
	NamespaceVisible(ctx context.Context, warehouse string, ns Namespace, visible authz.Visibility) error
	// Namespaces lists the direct children of parent, or of the warehouse.
	Namespaces(ctx context.Context, warehouse string, parent Namespace, page Page) (children []Namespace, next string, err error)
	// Function returns the pointer of a function; NoSuchFunction when there is none.
	Function(ctx context.Context, warehouse string, id TableIdentifier) (Pointer, error)
	// Pointer returns that of a table or view; NoSuchTable when there is none.
	Pointer(ctx context.Context, warehouse string, id TableIdentifier) (Pointer, error)
	// Pointers returns those of the named pointers that exist, in no order.
	Pointers(ctx context.Context, warehouse string, ids []TableIdentifier) ([]Pointer, error)
	// Site tells what stands under the name that one of the kind would have, and where
	// that is.
	Site(ctx context.Context, warehouse string, id TableIdentifier, kind Kind) (Site, error)
	// LastChange tells which change made the newest version of a pointer.
	LastChange(ctx context.Context, warehouse string, p Pointer) (Winner, error)
	// List lists the names of one kind in a namespace. known is what it returned for
	// this page before, or an empty one: it returns that itself where it is right
	// still, and with a mark otherwise, if there is one. A nil known asks for no mark.
	List(ctx context.Context, warehouse string, ns Namespace, kind Kind, page Page, known *Names) (*Names, error)
	// ListPointers lists the pointers of one kind in a namespace.
	ListPointers(ctx context.Context, warehouse string, ns Namespace, kind Kind, page Page) (pointers []Pointer, next string, err error)
	// Commit applies all changes and records the operation, or does neither. It
	// may be sent again at will. fault.UnknownOutcome means that nothing is
	// known; fault.OperationReused that the operation's id is taken by another
	// request.
	Commit(ctx context.Context, commit Commit) (Verdict, error)
	// Operation returns what was recorded under an operation's id; nil when
	// nothing was.
	Operation(ctx context.Context, warehouse string, id uuid.UUID) (*Finished, error)
	// Operations returns what was recorded under those of some ids, at most 1000,
	// under which something was.
	Operations(ctx context.Context, warehouse string, ids []uuid.UUID) (map[uuid.UUID]Outcome, error)
	// Holders tells who holds locations in their one spelling (HeldLocation), or one
	// above or below them, and who holds UUIDs of metadata; at most 1000 may be asked for.
	Holders(ctx context.Context, warehouse string, locations []string, metadata ...uuid.UUID) ([]Holder, error)
	// Epoch names the line of history: what was remembered of another one may
	// never have happened.
	Epoch(ctx context.Context) (string, error)
	// Ready reports whether the service answers.
	Ready(ctx context.Context) error
}

// Operation is the identity of one request, under which its outcome is kept.
type Operation struct {
	ID          uuid.UUID
	Fingerprint []byte
	// Kind is the OpenAPI operationId.
	Kind string
}

// Outcome is what a request, and each replay of it, is answered from.
type Outcome struct {
	// Status is the HTTP status: a success, or a 4xx that depended on state.
	Status int `json:"status"`
	// MetadataLocations of the result, in the order of the request.
	MetadataLocations []string `json:"metadata-locations,omitempty"`
	// Body holds what cannot be rendered from metadata.
	Body []byte `json:"body,omitempty"`
}

// Commit is one all-or-nothing change of a warehouse.
type Commit struct {
	Warehouse string
	// Records to keep with the changes: one of each request that they answer, and
	// at least one. The history tells of the first. A commit applies only if none
	// of them was kept before.
	Records []Record
	Changes []Change
	// Jobs to queue if, and only if, the changes are applied.
	Jobs      []QueuedJob
	Principal string
	RequestID string
}

// Record is an operation with its outcome.
type Record struct {
	Operation Operation
	Outcome   Outcome
}

// Change is one of the change types below.
type Change interface{ change() }

// Expectation is what must be so for a change to apply; zero fields hold always.
type Expectation struct {
	UUID    uuid.UUID
	Version int64
	Kind    Kind
	// MetadataLocation tells a version from one of its number that a failover undid.
	MetadataLocation string
}

// Holds are what a pointer has and no other pointer of its warehouse may have, as
// long as what was dropped can still be restored; zero fields are not held.
type Holds struct {
	// Location in its one spelling (heldLocation): nothing may lie above or below.
	Location string
	// MetadataUUID is the metadata's own, not the pointer's.
	MetadataUUID uuid.UUID
}

// The changes.
type (
	// CreatePointer expects the namespace to exist and the name to be free.
	CreatePointer struct {
		Identifier       TableIdentifier
		Kind             Kind
		MetadataLocation string
		Holds            Holds
	}
	// SwapPointer is the compare-and-swap. What it holds replaces what was held.
	SwapPointer struct {
		Identifier       TableIdentifier
		Expect           Expectation
		MetadataLocation string
		Holds            Holds
	}
	// DropPointer takes a pointer away.
	DropPointer struct {
		Identifier TableIdentifier
		Expect     Expectation
	}
	// RenamePointer expects the destination's namespace to exist and its name to be free.
	RenamePointer struct {
		Identifier  TableIdentifier
		Expect      Expectation
		Destination TableIdentifier
	}
	// CreateNamespace expects the parent to exist and the name to be free.
	CreateNamespace struct {
		Namespace  Namespace
		Properties map[string]string
	}
	// DropNamespace expects the namespace to exist and to be empty.
	DropNamespace struct {
		Namespace Namespace
	}
	// UpdateNamespace sets and removes single properties.
	UpdateNamespace struct {
		Namespace Namespace
		Updates   map[string]string
		Removals  []string
	}
)

func (CreatePointer) change()   {}
func (SwapPointer) change()     {}
func (DropPointer) change()     {}
func (RenamePointer) change()   {}
func (CreateNamespace) change() {}
func (DropNamespace) change()   {}
func (UpdateNamespace) change() {}

// Verdict is the answer to a Commit: applied when neither field is set.
type Verdict struct {
	// Conflicts are the changes that do not apply; nothing was changed.
	Conflicts []Conflict
	// Replays are the outcomes of those operations that were recorded before, by
	// id; nothing was changed.
	Replays map[uuid.UUID]Outcome
}

// Reason is why a change does not apply.
type Reason uint8

// The reasons.
const (
	PointerMissing Reason = iota + 1
	PointerExists
	PointerMoved
	NamespaceMissing
	NamespaceExists
	NamespaceOccupied
	// LocationTaken and UUIDTaken are conflicts over what is held.
	LocationTaken
	UUIDTaken
)

// Conflict is one change that does not apply.
type Conflict struct {
	// Index of the change in the commit.
	Index  int
	Reason Reason
	// Current is the pointer in the way, where there is one.
	Current *Pointer
	// Location that Current holds, or Job, where that is in the way.
	Location string
	// Job that holds what is taken, "" when none does.
	Job string
	// Winner tells which change made the current version, where that is known.
	Winner *Winner
}

// Winner is the change that made a version.
type Winner struct {
	Version          int64
	MetadataLocation string
	CommittedAt      time.Time
	Principal        string
	RequestID        string
}
