package catalog

import (
	"fmt"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// The messages are those of Iceberg's own catalogs: people and tests know them.

// NoSuchWarehouse is the error of a warehouse that is not there.
func NoSuchWarehouse(name string) error {
	return fault.New(fault.NoSuchWarehouse, "Warehouse does not exist: %s", name)
}

// NoSuchNamespace is the error of a namespace that is not there.
func NoSuchNamespace(ns Namespace) error {
	return fault.New(fault.NoSuchNamespace, "Namespace does not exist: %s", ns)
}

// NoSuchPointer is the error of a table, view or function that is not there.
func NoSuchPointer(kind Kind, id TableIdentifier) error {
	return fault.New(kind.missing(), "%s does not exist: %s", kind.word(), id)
}

// missing is the fault of one of the kind that is not there.
func (k Kind) missing() fault.Kind {
	switch k {
	case ViewKind:
		return fault.NoSuchView
	case FunctionKind:
		return fault.NoSuchFunction
	default:
		return fault.NoSuchTable
	}
}

// word is how people call a kind.
func (k Kind) word() string {
	switch k {
	case ViewKind:
		return "View"
	case FunctionKind:
		return "Function"
	default:
		return "Table"
	}
}

// nameTaken is the error of creating a kind where current stands.
func nameTaken(wanted Kind, id TableIdentifier, current *Pointer) error {
	if current != nil && current.Kind != wanted {
		return fault.New(fault.AlreadyExists, "%s with same name already exists: %s", current.Kind.word(), id)
	}
	return fault.New(fault.AlreadyExists, "%s already exists: %s", wanted.word(), id)
}

func cannotRename(from, to TableIdentifier, current *Pointer, kind Kind) error {
	if current != nil {
		kind = current.Kind
	}
	return fault.New(fault.AlreadyExists, "Cannot rename %s to %s. %s already exists", from, to, kind.word())
}

// namespaceRefusal is what a conflict over a namespace means.
func namespaceRefusal(ns Namespace, conflict Conflict) error {
	switch conflict.Reason {
	case NamespaceExists:
		return fault.New(fault.AlreadyExists, "Namespace already exists: %s", ns)
	case NamespaceOccupied:
		return fault.New(fault.NotEmpty, "Namespace %s is not empty", ns)
	case NamespaceMissing:
		return NoSuchNamespace(ns)
	default:
		return fmt.Errorf("conflict of reason %d over namespace %s", conflict.Reason, ns)
	}
}

// standing tells who won a race: the version that is now, when it was made,
// by whom and in which request, and where it lies.
func (w Winner) standing() string {
	text := fmt.Sprintf("current is version %d, committed at %s", w.Version, w.CommittedAt.UTC().Format(time.RFC3339Nano))
	if w.Principal != "" {
		text += " by " + w.Principal
	}
	if w.RequestID != "" {
		text += " in request " + w.RequestID
	}
	return text + ", at " + w.MetadataLocation
}
