package catalog

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Loaded is a table or view as it is answered.
type Loaded struct {
	// MetadataLocation is empty for a staged table.
	MetadataLocation string
	// Metadata is the document as stored; nil when the client has it already.
	Metadata []byte
	// Access is what access to the table's files the client may be given, where
	// that was asked for.
	Access FileAccess
	// of is what was loaded; nil when the client has it already.
	of document
}

// Folders are the locations that belong to a table: its own, and where its
// properties put data and metadata when that is elsewhere.
func (l Loaded) Folders() []string {
	if l.of == nil {
		return nil
	}
	folders := []string{l.of.Location()}
	for _, property := range folderProperties() {
		if folder, set := l.of.Property(property); set && folder != "" {
			folders = append(folders, folder)
		}
	}
	return folders
}

// UUID is the metadata's own, as it is held; zero when the client has it already.
func (l Loaded) UUID() uuid.UUID {
	if l.of == nil {
		return uuid.Nil
	}
	return heldUUID(l.of.UUID())
}

// folderProperties are the properties, of today and of old, that say where a
// table's files lie.
func folderProperties() []string {
	return []string{metadataPathProperty, "write.data.path", "write.object-storage.path", "write.folder-storage.path"}
}

// LoadOptions are a client's wishes.
type LoadOptions struct {
	// RefsOnly leaves out snapshots that no branch or tag points at.
	RefsOnly bool
	// Known reports whether the client has what is at this location, with the same
	// access; may be nil.
	Known func(metadataLocation string, access FileAccess) bool
	// Needs is the access to the table's files that the client must be allowed.
	Needs FileAccess
	// Access asks what access the client may be given.
	Access bool
	// ReferencedBy are the views through which the client comes to the table or view.
	ReferencedBy References
	// Afresh reads the metadata file, whatever is remembered of it.
	Afresh bool
}

// TableCreation is what a client says of a table to be.
type TableCreation struct {
	Identifier TableIdentifier
	Schema     json.RawMessage
	Spec       json.RawMessage
	Order      json.RawMessage
	Location   string
	Properties map[string]string
}

// Warehouse returns a warehouse by name, for who has a way into it.
func (c *Catalog) Warehouse(ctx context.Context, name string) (Warehouse, error) {
	if _, err := c.enter(ctx, authz.List, name, nil); err != nil {
		return Warehouse{}, err
	}
	return c.pointers.Warehouse(ctx, name)
}

// List lists the names of one kind in a namespace, of what the caller may see, a
// page or page after page.
func (c *Catalog) List(ctx context.Context, warehouse string, ns Namespace, kind Kind, page Page) ([]*Names, string, error) {
	if err := ns.Validate(); err != nil {
		return nil, "", err
	}
	seen, err := c.enter(ctx, authz.List, warehouse, ns)
	if err != nil {
		return nil, "", err
	}
	if !seen.Each {
		return shown(page, seen, func(page Page) ([]*Names, string, error) {
			names, err := c.lists.page(ctx, warehouse, ns, kind, page)
			if err != nil {
				return nil, "", err
			}
			return []*Names{names}, names.Next, nil
		}, nil)
	}
	rows, next, err := shown(page, seen, func(page Page) ([]Pointer, string, error) {
		return c.pointers.ListPointers(ctx, warehouse, ns, kind, page)
	}, func(rows []Pointer) ([]Pointer, error) {
		return describable(ctx, c, rows, func(p Pointer) authz.Object { return pointerObject(warehouse, p.Identifier, p) })
	})
	return []*Names{{All: namesOf(rows)}}, next, err
}

// pointer returns the pointer of a name, if it is of the kind.
func (c *Catalog) pointer(ctx context.Context, warehouse string, id TableIdentifier, kind Kind) (Pointer, error) {
	if err := id.Validate(); err != nil {
		return Pointer{}, err
	}
	if made := c.lines.coming.pointer(ctx, warehouse, id, kind); made != nil {
		return *made, nil
	}
	p, err := c.standing(ctx, warehouse, id, kind)
	switch {
	case err != nil:
		return Pointer{}, err
	case p == nil || p.Kind != kind:
		return Pointer{}, NoSuchPointer(kind, id)
	}
	return *p, nil
}

// standing is what stands under the name that one of the kind would have; nil
// when nothing does. Tables and views stand in each other's way.
func (c *Catalog) standing(ctx context.Context, warehouse string, id TableIdentifier, kind Kind) (*Pointer, error) {
	var p Pointer
	var err error
	if kind == FunctionKind {
		p, err = c.pointers.Function(ctx, warehouse, id)
	} else {
		p, err = c.pointers.Pointer(ctx, warehouse, id)
	}
	switch {
	case fault.Is(err, fault.NoSuchTable) || fault.Is(err, fault.NoSuchFunction):
		return nil, nil //nolint:nilnil // nothing there is not an error
	case err != nil:
		return nil, err
	}
	return &p, nil
}

// Exists fails with fault.NoSuchTable or NoSuchView when there is no such table or view.
func (c *Catalog) Exists(ctx context.Context, warehouse string, id TableIdentifier, kind Kind) error {
	_, err := c.sought(ctx, authz.Describe, warehouse, id, kind)
	return err
}

// LoadTable returns the current metadata of a table.
func (c *Catalog) LoadTable(ctx context.Context, warehouse string, id TableIdentifier, options LoadOptions) (Loaded, error) {
	p, lent, err := c.reached(ctx, options.Needs.privilege(), warehouse, id, TableKind, options.ReferencedBy)
	if err != nil {
		return Loaded{}, err
	}
	loaded := Loaded{MetadataLocation: p.MetadataLocation}
	switch {
	case lent:
		loaded.Access = ReadFiles
	case options.Access:
		if loaded.Access, err = c.accessBy(ctx, warehouse, id, p, options.ReferencedBy); err != nil {
			return Loaded{}, err
		}
	}
	if options.Known != nil && !options.Afresh && options.Known(p.MetadataLocation, loaded.Access) {
		return loaded, c.metadata.look(ctx, warehouse, p.MetadataLocation)
	}
	if loaded.of, err = c.metadata.loader(options)(ctx, warehouse, TableKind, p.MetadataLocation); err != nil {
		return Loaded{}, stored(p.MetadataLocation, err)
	}
	if loaded.Metadata = loaded.of.Bytes(); options.RefsOnly {
		loaded.Metadata = refsOf(loaded.of)
	}
	return loaded, nil
}

// stored makes an error over what is stored ours: whoever only asked for it sent
// nothing wrong.
func stored(location string, err error) error {
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.TooLarge {
		return fault.Wrap(fault.DamagedFile, err, "the stored metadata at %s cannot be read", location)
	}
	return err
}

// render is the answer to a finished operation with one result. What was applied
// must not look like a failure because it cannot be shown: whatever goes wrong,
// its outcome is unknown to the client, unless the table is known to be gone.
func (c *Catalog) render(ctx context.Context, warehouse string, id TableIdentifier, kind Kind, outcome Outcome) (Loaded, error) {
	loaded, err := c.finished(ctx, warehouse, id, kind, outcome)
	if err == nil || fault.Is(err, kind.missing()) {
		return loaded, err
	}
	return Loaded{}, fault.Wrap(fault.UnknownOutcome, err, "the request was applied, but its result cannot be read")
}

func (c *Catalog) finished(ctx context.Context, warehouse string, id TableIdentifier, kind Kind, outcome Outcome) (Loaded, error) {
	if len(outcome.MetadataLocations) != 1 {
		return Loaded{}, fault.New(fault.Internal, "outcome without metadata location")
	}
	location := outcome.MetadataLocations[0]
	d, err := c.metadata.load(ctx, warehouse, kind, location)
	if fault.Is(err, fault.MissingFile) {
		// Expired since: what is now stands for what was then.
		p, gone := c.pointer(ctx, warehouse, id, kind)
		if gone != nil {
			return Loaded{}, gone
		}
		if err := c.allow(ctx, authz.Describe, pointerObject(warehouse, id, p)); err != nil {
			return Loaded{}, err
		}
		location = p.MetadataLocation
		d, err = c.metadata.load(ctx, warehouse, kind, location)
	}
	if err != nil {
		return Loaded{}, stored(location, err)
	}
	return Loaded{MetadataLocation: location, Metadata: d.Bytes(), of: d}, nil
}

// vacant refuses a name that is taken, or whose namespace is not there.
func (c *Catalog) vacant(ctx context.Context, warehouse string, id TableIdentifier, kind Kind) (Site, error) {
	at, err := c.pointers.Site(ctx, warehouse, id, kind)
	if err == nil && at.Standing != nil {
		err = nameTaken(kind, id, at.Standing)
	}
	return at, err
}

// newTable is the metadata of a table to be.
func (m *mutation) newTable(ctx context.Context, creation TableCreation) (document, error) {
	at, err := m.vacant(ctx, m.request.Warehouse, creation.Identifier, TableKind)
	if err != nil {
		return nil, err
	}
	id := derivedUUID(m.op)
	location, err := m.tableLocation(at.Warehouse, creation.Identifier, at.Properties, creation.Location, id)
	if err != nil {
		return nil, err
	}
	d, err := createTable(at.Warehouse, creation, id, location, m.began)
	if err != nil {
		return nil, err
	}
	return d, m.checkMetadataFolder(at.Warehouse, d)
}

// CreateTable creates a table.
func (c *Catalog) CreateTable(ctx context.Context, request Request, creation TableCreation) (Loaded, error) {
	if err := creation.Identifier.Validate(); err != nil {
		return Loaded{}, err
	}
	create := c.to(authz.Create, namespaceObject(request.Warehouse, creation.Identifier.Namespace))
	outcome, err := c.mutate(ctx, request, create, func(ctx context.Context, m *mutation) (plan, error) {
		d, err := m.newTable(ctx, creation)
		if err != nil {
			return plan{}, err
		}
		return m.creationPlan(ctx, creation.Identifier, TableKind, d)
	})
	if err != nil {
		return Loaded{}, err
	}
	return c.render(ctx, request.Warehouse, creation.Identifier, TableKind, outcome)
}

// creationPlan writes a new document and plans its pointer.
func (m *mutation) creationPlan(ctx context.Context, id TableIdentifier, kind Kind, d document) (plan, error) {
	holds, err := m.holds(kind, nil, d)
	if err != nil {
		return plan{}, err
	}
	location, err := m.writeMetadata(ctx, kind, d, "", 0)
	if err != nil {
		return plan{}, err
	}
	p := pointerPlan(id, kind, location, holds)
	p.files = []string{location}
	return p, nil
}

// pointerPlan plans a new pointer to what is at a location.
func pointerPlan(id TableIdentifier, kind Kind, location string, holds Holds) plan {
	return plan{
		outcome: Outcome{Status: statusOK, MetadataLocations: []string{location}},
		changes: []Change{CreatePointer{Identifier: id, Kind: kind, MetadataLocation: location, Holds: holds}},
		lost: func(conflicts []Conflict) error {
			if conflicts[0].Reason == NamespaceMissing {
				return NoSuchNamespace(id.Namespace)
			}
			if err := heldRefusal(conflicts[0], holds); err != nil {
				return err
			}
			return nameTaken(kind, id, conflicts[0].Current)
		},
	}
}

// DropTable takes a table away. With purge, it leaves the job behind that deletes
// its files: the answer tells that the table is gone, not that they are.
func (c *Catalog) DropTable(ctx context.Context, request Request, id TableIdentifier, purge bool) error {
	if !purge {
		return c.drop(ctx, request, id, TableKind)
	}
	if err := id.Validate(); err != nil {
		return err
	}
	gone := &target{id: id, kind: TableKind}
	drop := c.toTarget(authz.Drop, request.Warehouse, gone)
	_, err := c.mutate(ctx, request, drop, func(ctx context.Context, m *mutation) (plan, error) {
		return m.purgePlan(ctx, gone)
	})
	return err
}

// drop takes away whatever version there is, in one step.
func (c *Catalog) drop(ctx context.Context, request Request, id TableIdentifier, kind Kind) error {
	if err := id.Validate(); err != nil {
		return err
	}
	gone := &target{id: id, kind: kind}
	_, err := c.mutate(ctx, request, c.toTarget(authz.Drop, request.Warehouse, gone), func(context.Context, *mutation) (plan, error) {
		return plan{
			outcome: Outcome{Status: statusNoContent},
			changes: []Change{DropPointer{Identifier: id, Expect: gone.expected()}},
			lost:    func([]Conflict) error { return NoSuchPointer(kind, id) },
		}, nil
	})
	return err
}

// Rename gives a table or view another name; uuid, location and files stay.
func (c *Catalog) Rename(ctx context.Context, request Request, kind Kind, from, to TableIdentifier) error {
	if err := errors.Join(from.Validate(), to.Validate()); err != nil {
		return err
	}
	source := &target{id: from, kind: kind}
	move := all(c.toTarget(authz.Drop, request.Warehouse, source), c.to(authz.Create, namespaceObject(request.Warehouse, to.Namespace)))
	_, err := c.mutate(ctx, request, move, func(ctx context.Context, m *mutation) (plan, error) {
		if from.Equal(to) {
			if _, err := m.pointer(ctx, request.Warehouse, from, kind); err != nil {
				return plan{}, err
			}
			return plan{}, cannotRename(from, to, nil, kind)
		}
		return plan{
			outcome: Outcome{Status: statusNoContent},
			changes: []Change{RenamePointer{Identifier: from, Expect: source.expected(), Destination: to}},
			lost:    func(conflicts []Conflict) error { return renameRefusal(kind, from, to, conflicts[0]) },
		}, nil
	})
	return err
}

func renameRefusal(kind Kind, from, to TableIdentifier, conflict Conflict) error {
	switch conflict.Reason {
	case NamespaceMissing:
		return NoSuchNamespace(to.Namespace)
	case PointerExists:
		return cannotRename(from, to, conflict.Current, kind)
	default:
		return NoSuchPointer(kind, from)
	}
}
