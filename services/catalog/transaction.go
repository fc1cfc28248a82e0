package catalog

import (
	"context"
	"slices"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// MaxTransactionTables is the most tables that one transaction may change.
const MaxTransactionTables = 1000

// CommitTransaction commits to many tables in one atomic operation, staged
// creates among them.
func (c *Catalog) CommitTransaction(ctx context.Context, request Request, changes []TableChange) error {
	members, err := transactionMembers(changes)
	if err != nil {
		return err
	}
	t := transaction(members)
	_, err = c.admitted(ctx, request, c.toCommit(request.Warehouse, members), func(m *mutation) (*Outcome, error) {
		if outcome, err := t.presume(ctx, m); outcome != nil || err != nil {
			return outcome, err
		}
		return m.run(ctx, commitAll(members, statusNoContent))
	})
	return err
}

func transactionMembers(changes []TableChange) ([]*member, error) {
	if len(changes) > MaxTransactionTables {
		return nil, fault.Field("table-changes", "has %d tables, at most %d are allowed", len(changes), MaxTransactionTables)
	}
	seen := make(map[string]bool, len(changes))
	members := make([]*member, len(changes))
	for i, change := range changes {
		name := change.Identifier.Namespace.DatabaseID() + "\x00" + change.Identifier.Name
		if seen[name] {
			return nil, fault.Field("table-changes", "names %s twice; its updates belong together", change.Identifier)
		}
		seen[name] = true
		revision, err := tableRevisionOf(change)
		if err != nil {
			return nil, err
		}
		members[i] = &member{target: target{id: change.Identifier, kind: TableKind}, revision: revision}
	}
	return members, nil
}

// transaction is commits to tables that are applied all or none.
type transaction []*member

// presume attempts a transaction on what this replica remembers of its tables, as a
// fold does: where the swaps do not bear out all of it, there is neither an outcome nor
// an error, and everything is as if it had not been tried.
func (t transaction) presume(ctx context.Context, m *mutation) (*Outcome, error) {
	results := t.presumed(ctx, m)
	if results == nil {
		return nil, nil //nolint:nilnil // it is to be read
	}
	p := plan{outcome: Outcome{Status: statusNoContent}}
	p.lost = func(conflicts []Conflict) error { return t.outdated(ctx, m, conflicts) }
	err := m.placeAll(ctx, &p, t, results)
	m.firstFile++ // the files of an attempt that was lost are deleted, late perhaps
	if err == nil {
		outcome, _, err := m.try(ctx, p)
		return outcome, err
	}
	m.discard(ctx, p.files, nil) // never sent
	if _, refused := refusalOutcome(err); refused {
		return nil, nil //nolint:nilnil // that is to be decided on what is
	}
	return m.refuse(ctx, err) // whatever the tables are, they cannot be written
}

// presumed is what comes of the members on what is remembered: nothing unless that is
// known of each, none is refused, and there is something to change.
func (t transaction) presumed(ctx context.Context, m *mutation) []applied {
	keys := make([]lineKey, len(t))
	for i, member := range t {
		if member.revision.creates() || member.revision.guarded() {
			return nil
		}
		keys[i] = keyOf(m.request.Warehouse, member.kind, member.id)
	}
	found := m.heads.likely(keys...)
	if found == nil {
		return nil
	}
	results, err := m.applyAll(ctx, t, found)
	if err != nil || !slices.ContainsFunc(results, applied.changed) {
		return nil
	}
	return results
}

// outdated notes whose pointers are not what was presumed.
func (t transaction) outdated(ctx context.Context, m *mutation, conflicts []Conflict) error {
	m.measures.rebases.Add(ctx, 1)
	for _, c := range conflicts {
		if c.Index >= 0 && c.Index < len(t) && (c.Reason == PointerMoved || c.Reason == PointerMissing) {
			m.heads.lost(keyOf(m.request.Warehouse, t[c.Index].kind, t[c.Index].id))
		}
	}
	return nil
}
