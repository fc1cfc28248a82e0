package catalog

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// TableChange is a commit to one table as a client sent it: arrays of JSON.
type TableChange struct {
	Identifier   TableIdentifier
	Requirements json.RawMessage
	Updates      json.RawMessage
}

// revision is a change to a document, decoded: requirements and updates.
type revision interface {
	// creates reports whether the document must not exist yet.
	creates() bool
	// trace looks for this very revision in base. An error means that a part of
	// it is there and it is not known how that came.
	trace(base document) (trace, error)
	// rebases refuses to apply to base what was meant for first and would
	// silently undo what happened in between.
	rebases(first, base document) error
	// guarded reports whether that may refuse anything.
	guarded() bool
	// apply checks the requirements and applies the updates. Without a base it
	// creates. When nothing changes it returns base.
	apply(base document, baseLocation string) (document, error)
}

// trace is what a document shows of a revision.
type trace uint8

const (
	// traceless revisions leave no mark that could be found.
	traceless trace = iota
	// absent means that the revision was never applied, or its mark is gone.
	absent
	// present means that the revision was applied.
	present
)

// member is a revision of one table or view, with what was first read of it.
type member struct {
	target

	revision revision
	first    document
}

// UpdateTable commits to one table: requirements are checked and updates applied
// on the version that the swap is conditional on.
func (c *Catalog) UpdateTable(ctx context.Context, request Request, change TableChange) (Loaded, error) {
	revision, err := tableRevisionOf(change)
	if err != nil {
		return Loaded{}, err
	}
	m := &member{target: target{id: change.Identifier, kind: TableKind}, revision: revision}
	return c.commitOne(ctx, request, m, len(change.Requirements)+len(change.Updates))
}

// commitOne commits to one table or view, by a request of so many bytes, and
// answers with what it is then. Commits to what exists go in line.
func (c *Catalog) commitOne(ctx context.Context, request Request, change *member, bytes int) (Loaded, error) {
	if err := change.id.Validate(); err != nil {
		return Loaded{}, err
	}
	write := c.toTarget(authz.Write, request.Warehouse, &change.target)
	if change.revision.creates() {
		write = c.to(authz.Create, namespaceObject(request.Warehouse, change.id.Namespace))
	}
	outcome, err := c.admitted(ctx, request, write, func(m *mutation) (*Outcome, error) {
		if change.revision.creates() {
			return m.run(ctx, commitAll([]*member{change}, statusOK))
		}
		return c.lines.commit(ctx, &party{mutation: m, member: change, bytes: int64(bytes)})
	})
	if err != nil {
		return Loaded{}, err
	}
	return c.render(ctx, request.Warehouse, change.id, change.kind, outcome)
}

// commitAll plans to commit to all of the members or to none.
func commitAll(members []*member, status int) func(context.Context, *mutation) (plan, error) {
	return func(ctx context.Context, m *mutation) (plan, error) { return m.commitPlan(ctx, members, status) }
}

// commitPlan applies the members to what is now and writes their metadata.
func (m *mutation) commitPlan(ctx context.Context, members []*member, status int) (plan, error) {
	p := plan{outcome: Outcome{Status: status}}
	pointers, err := m.current(ctx, members)
	if err != nil {
		return p, err
	}
	results, err := m.applyAll(ctx, members, pointers)
	if err != nil {
		return p, err
	}
	for i, member := range members {
		if member.first == nil && !member.revision.creates() {
			member.first = results[i].base
		}
	}
	if err := m.placeAll(ctx, &p, members, results); err != nil {
		return p, err
	}
	if len(p.files) == 0 {
		p.changes = nil // nothing changes anywhere
	}
	p.lost = func(conflicts []Conflict) error { return commitRefusal(p.changes, members, conflicts) }
	return p, nil
}

// current reads the pointers of the members; nil where there is none.
func (m *mutation) current(ctx context.Context, members []*member) ([]*Pointer, error) {
	if len(members) == 1 {
		p, err := m.pointers.Pointer(ctx, m.request.Warehouse, members[0].id)
		switch {
		case fault.Is(err, fault.NoSuchTable):
			return []*Pointer{nil}, nil
		case err != nil:
			return nil, err
		}
		return []*Pointer{&p}, nil
	}
	ids := make([]TableIdentifier, len(members))
	for i, member := range members {
		ids[i] = member.id
	}
	found, err := m.pointers.Pointers(ctx, m.request.Warehouse, ids)
	if err != nil {
		return nil, err
	}
	pointers := make([]*Pointer, len(members))
	for i, id := range ids {
		pointers[i] = named(found, id)
	}
	return pointers, nil
}

// named is the pointer of a name. A warehouse may fold case; then no other
// pointer that differs in case alone can be among those found.
func named(found []Pointer, id TableIdentifier) *Pointer {
	for i := range found {
		if found[i].Identifier.Equal(id) {
			return &found[i]
		}
	}
	for i := range found {
		if strings.EqualFold(found[i].Identifier.String(), id.String()) {
			return &found[i]
		}
	}
	return nil
}

// applied is a member's document before and after.
type applied struct {
	pointer *Pointer // nil for a new document
	base    document // nil for a new document
	next    document // base when nothing changes
}

func (a applied) changed() bool { return a.base == nil || a.next != a.base }

// applyAll applies every member to its document. Members that were applied
// before were applied together, a commit being all or nothing.
func (m *mutation) applyAll(ctx context.Context, members []*member, pointers []*Pointer) ([]applied, error) {
	results := make([]applied, len(members))
	var seen [present + 1]int
	for i, member := range members {
		base, err := m.base(ctx, member, pointers[i])
		if err != nil {
			return nil, err
		}
		results[i] = applied{pointer: pointers[i], base: base, next: base}
		if base == nil {
			continue
		}
		t, err := member.revision.trace(base)
		if err != nil {
			return nil, err
		}
		seen[t]++
	}
	switch {
	case seen[present] > 0 && seen[absent] > 0:
		return nil, fault.New(fault.UnknownOutcome, "some of the snapshots are in their tables already and others are not")
	case seen[present] > 0:
		return results, nil
	}
	for i, member := range members {
		next, err := member.apply(results[i])
		if err != nil {
			if p := results[i].pointer; p != nil {
				err = withStanding(err, func() Winner { return m.winner(ctx, keyOf(m.request.Warehouse, member.kind, member.id), *p) })
			}
			return nil, err
		}
		results[i].next = next
	}
	return results, nil
}

// base is the document that a member's revision is for; nil when it creates one.
func (m *mutation) base(ctx context.Context, member *member, p *Pointer) (document, error) {
	if member.revision.creates() {
		return m.created(ctx, member, p)
	}
	return m.document(ctx, member, p)
}

// document is what is at the pointer of a member that is there.
func (m *mutation) document(ctx context.Context, member *member, p *Pointer) (document, error) {
	if p == nil || p.Kind != member.kind {
		return nil, NoSuchPointer(member.kind, member.id)
	}
	if err := member.fits(*p); err != nil {
		return nil, err
	}
	d, err := m.metadata.load(ctx, m.request.Warehouse, member.kind, p.MetadataLocation)
	if err != nil {
		return nil, stored(p.MetadataLocation, err)
	}
	return d, nil
}

// created is what a creation made that was sent before; nil where nothing stands.
func (m *mutation) created(ctx context.Context, member *member, p *Pointer) (document, error) {
	switch {
	case p == nil:
		return nil, nil //nolint:nilnil // nothing there is what is wanted
	case p.Kind != member.kind:
		return nil, nameTaken(member.kind, member.id, p)
	}
	d, err := m.metadata.load(ctx, m.request.Warehouse, member.kind, p.MetadataLocation)
	if err != nil {
		return nil, stored(p.MetadataLocation, err)
	}
	switch found, err := member.revision.trace(d); {
	case err != nil:
		return nil, err
	case found != present:
		return nil, fault.New(fault.AlreadyExists, "Requirement failed: table already exists: %s", member.id)
	}
	if err := m.allow(ctx, authz.Write, pointerObject(m.request.Warehouse, member.id, *p)); fault.Is(err, fault.Forbidden) {
		return nil, fault.Wrap(fault.UnknownOutcome, err, "the table was created by an earlier attempt, and is out of reach now: %s", fault.Shown(err))
	} else if err != nil {
		return nil, err
	}
	return d, nil
}

func (member *member) apply(a applied) (document, error) {
	if a.base == nil {
		return member.revision.apply(nil, "")
	}
	if member.first != nil {
		if err := member.revision.rebases(member.first, a.base); err != nil {
			return nil, err
		}
	}
	return member.revision.apply(a.base, a.pointer.MetadataLocation)
}

// writesAtOnce is how many metadata files one commit writes at a time.
const writesAtOnce = 8

// placeAll writes the members' new metadata and adds their changes to the plan. What
// cannot be stored is refused before anything is written.
func (m *mutation) placeAll(ctx context.Context, p *plan, members []*member, results []applied) error {
	holds := make([]Holds, len(members))
	for i, a := range results {
		if !a.changed() {
			continue
		}
		if err := m.checkDocument(ctx, a.base, a.next); err != nil {
			return err
		}
		var err error
		if holds[i], err = m.holds(members[i].kind, a.base, a.next); err != nil {
			return err
		}
	}
	locations, err := m.writeAll(ctx, members, results)
	for i, a := range results {
		if a.changed() && locations[i] != "" {
			p.files = append(p.files, locations[i])
		}
	}
	if err != nil {
		return err
	}
	for i, member := range members {
		p.place(member, results[i], locations[i], holds[i])
	}
	return nil
}

// writeAll stores the documents that are new, and returns where each member's is;
// nothing for those that failed. None is given up because another fails: of a file
// whose writing was broken off nobody knows whether it is there.
func (m *mutation) writeAll(ctx context.Context, members []*member, results []applied) ([]string, error) {
	locations := make([]string, len(members))
	var group errgroup.Group
	group.SetLimit(writesAtOnce)
	for i, a := range results {
		if !a.changed() {
			locations[i] = a.pointer.MetadataLocation
			continue
		}
		group.Go(func() (err error) {
			var previous string
			var version int64
			if a.pointer != nil {
				previous, version = a.pointer.MetadataLocation, a.pointer.Version
			}
			locations[i], err = m.writeMetadata(ctx, members[i].kind, a.next, previous, version)
			return err
		})
	}
	return locations, group.Wait() //nolint:wrapcheck // of this package
}

// place adds a member's change to the plan. Where nothing changes the others rely on
// it: their commit holds only if this table is still what its requirements were
// checked on.
func (p *plan) place(member *member, a applied, location string, holds Holds) {
	p.outcome.MetadataLocations = append(p.outcome.MetadataLocations, location)
	p.from = append(p.from, a.pointer)
	if a.pointer == nil {
		p.changes = append(p.changes, CreatePointer{Identifier: member.id, Kind: member.kind, MetadataLocation: location, Holds: holds})
		return
	}
	p.changes = append(p.changes, swap(member, a.pointer, location, holds))
	if a.changed() {
		p.expired = append(p.expired, expiredFiles(a.base, a.next)...)
	}
}

// expiredFiles are the metadata files that the table's history no longer tells
// of, where its properties want them deleted. A history may come from elsewhere:
// what does not lie in the table's own folder is not its to delete.
func expiredFiles(base, next document) []string {
	if enabled, _ := next.Property(deleteAfterCommitProperty); !strings.EqualFold(enabled, "true") {
		return nil
	}
	folder := metadataFolder(next.Location(), next.Property) + "/"
	kept := next.previousFiles()
	return slices.DeleteFunc(base.previousFiles(), func(file string) bool {
		name, within := strings.CutPrefix(file, folder)
		return !within || strings.Contains(name, "/") || !strings.HasSuffix(name, metadataSuffix) || slices.Contains(kept, file)
	})
}

func swap(member *member, p *Pointer, location string, holds Holds) Change {
	return SwapPointer{
		Identifier:       member.id,
		Expect:           Expectation{UUID: p.UUID, Version: p.Version, Kind: member.kind, MetadataLocation: p.MetadataLocation},
		MetadataLocation: location,
		Holds:            holds,
	}
}

// checkDocument refuses a document that lies, or would be kept, outside of the
// roots. What did not move was checked before.
func (m *mutation) checkDocument(ctx context.Context, base, next document) error {
	if base != nil && base.Location() == next.Location() &&
		metadataFolder(base.Location(), base.Property) == metadataFolder(next.Location(), next.Property) {
		return nil
	}
	w, err := m.pointers.Warehouse(ctx, m.request.Warehouse)
	if err != nil {
		return err
	}
	if err := m.checkLocation(w, next.Location()); err != nil {
		return err
	}
	return m.checkMetadataFolder(w, next)
}

// checkMetadataFolder refuses metadata files outside of the roots.
func (c *Catalog) checkMetadataFolder(w Warehouse, d document) error {
	return c.checkLocation(w, metadataFolder(d.Location(), d.Property)+"/file")
}

// commitRefusal is what a conflict over a commit means. A moved pointer, or one
// that is there now, is a lost race: the requirements decide again, on what is.
func commitRefusal(changes []Change, members []*member, conflicts []Conflict) error {
	for _, conflict := range conflicts {
		if conflict.Index < 0 || conflict.Index >= len(members) {
			return fault.New(fault.Internal, "conflict over change %d of %d", conflict.Index, len(changes))
		}
		member := members[conflict.Index]
		switch conflict.Reason {
		case NamespaceMissing:
			return NoSuchNamespace(member.id.Namespace)
		case PointerMissing:
			return NoSuchPointer(member.kind, member.id)
		case LocationTaken, UUIDTaken:
			return heldRefusal(conflict, holdsOf(changes[conflict.Index]))
		default: // lost a race
		}
	}
	return nil
}
