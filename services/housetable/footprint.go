package housetable

import "strings"

// Footprint is what the verdict on a commit depends on, beside its operations.
type Footprint struct {
	// Tables are the keys that are changed or must be free.
	Tables []TableKey
	// Namespaces are those that are changed, or must exist, or must not.
	Namespaces []string
	// Emptied are the namespaces that must hold nothing.
	Emptied []string
	// SoftDeleted are the generations to restore.
	SoftDeleted []SoftDeletedKey
	// Holds are those that are taken.
	Holds []Hold
}

// Footprint of the commit.
func (c Commit) Footprint() Footprint {
	var f Footprint
	for _, change := range c.Changes {
		f.add(change)
	}
	return f
}

func (f *Footprint) add(change Change) {
	f.Holds = append(f.Holds, HoldsOf(change)...)
	switch c := change.(type) {
	case CreateTable:
		f.arrival(c.Key)
	case SwapTable:
		f.Tables = append(f.Tables, c.Key)
	case DropTable:
		f.Tables = append(f.Tables, c.Key)
	case RenameTable:
		f.Tables = append(f.Tables, c.Key)
		f.arrival(c.Destination)
	case RestoreTable:
		f.arrival(c.Key)
		f.SoftDeleted = append(f.SoftDeleted, c.SoftDeletedKey)
	case CreateNamespace:
		f.Namespaces = append(f.Namespaces, c.DatabaseID)
		if parent := ParentID(c.DatabaseID); parent != "" {
			f.Namespaces = append(f.Namespaces, parent)
		}
	case DropNamespace:
		f.Namespaces = append(f.Namespaces, c.DatabaseID)
		f.Emptied = append(f.Emptied, c.DatabaseID)
	case UpdateNamespace:
		f.Namespaces = append(f.Namespaces, c.DatabaseID)
	}
}

// arrival is a key at which a house table is to appear.
func (f *Footprint) arrival(key TableKey) {
	f.Tables = append(f.Tables, key)
	f.Namespaces = append(f.Namespaces, key.DatabaseID)
}

// Claims are names of all that the commit changes, folded: two commits with a
// claim in common must not be in one statement, because neither would see what
// the other did. Operations are claims too: of two deliveries of one request
// only one may be applied.
func (c Commit) Claims() []string {
	claims := make([]string, 0, len(c.Operations)+len(c.Changes))
	for _, o := range c.Operations {
		claims = append(claims, c.Warehouse+"\x00o\x00"+string(o.ID[:]))
	}
	for _, id := range identities(c.Changes, true) {
		claims = append(claims, c.Warehouse+"\x00"+id)
	}
	for _, change := range c.Changes {
		for _, hold := range HoldsOf(change) {
			claims = append(claims, c.Warehouse+"\x00h\x00"+string(hold))
		}
	}
	return claims
}

// identities names what the changes change, each change's own identities once.
func identities(changes []Change, fold bool) []string {
	ids := make([]string, 0, len(changes))
	table := func(key TableKey) {
		if fold {
			key = key.Fold()
		}
		ids = append(ids, strings.Join([]string{"t", key.DatabaseID, key.TableID, string(rune('0' + key.Family()))}, "\x00"))
	}
	namespace := func(id string) {
		if fold {
			id = Fold(id)
		}
		ids = append(ids, "n\x00"+id)
	}
	for _, change := range changes {
		switch c := change.(type) {
		case CreateTable:
			table(c.Key)
		case SwapTable:
			table(c.Key)
		case DropTable:
			table(c.Key)
		case RenameTable:
			table(c.Key)
			if !sameIdentity(c.Key, c.Destination, fold) {
				table(c.Destination)
			}
		case RestoreTable:
			table(c.Key)
		case CreateNamespace:
			namespace(c.DatabaseID)
		case DropNamespace:
			namespace(c.DatabaseID)
		case UpdateNamespace:
			namespace(c.DatabaseID)
		}
	}
	return ids
}

func sameIdentity(a, b TableKey, fold bool) bool {
	return a == b || fold && a.Fold() == b.Fold()
}
