package catalog

import (
	"context"

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
	_, err = c.mutate(ctx, request, c.toCommit(request.Warehouse, members), commitAll(members, statusNoContent))
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
