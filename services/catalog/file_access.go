package catalog

import (
	"context"
	"errors"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// FileAccess is what somebody may do to the files of a table.
type FileAccess uint8

// What may be done, each with what is above it.
const (
	NoFiles FileAccess = iota
	// ReadFiles follows from the privilege select.
	ReadFiles
	// WriteFiles is to add and remove them, and follows from write.
	WriteFiles
)

// String is its name, in tags.
func (a FileAccess) String() string { return [...]string{"none", "read", "write"}[a] }

// privilege is the one on the table that it takes: to load it where no file is touched.
func (a FileAccess) privilege() authz.Privilege {
	return [...]authz.Privilege{authz.Describe, authz.Select, authz.Write}[a]
}

// fileAccess is the most that the caller may do to the files of a table.
func (c *Catalog) fileAccess(ctx context.Context, table authz.Object) (FileAccess, error) {
	answers, err := c.decide(ctx,
		authz.Question{Privilege: WriteFiles.privilege(), Object: table}, authz.Question{Privilege: ReadFiles.privilege(), Object: table})
	switch {
	case err != nil:
		return NoFiles, err
	case answers[0].Allowed:
		return WriteFiles, nil
	case answers[1].Allowed:
		return ReadFiles, nil
	}
	return NoFiles, nil
}

// accessBy is fileAccess for who comes to a table through views, which may lend reading.
func (c *Catalog) accessBy(ctx context.Context, warehouse string, id TableIdentifier, p Pointer, by References) (FileAccess, error) {
	access, err := c.fileAccess(ctx, pointerObject(warehouse, id, p))
	if err != nil || access != NoFiles || len(by) == 0 {
		return access, err
	}
	err = c.lent(ctx, warehouse, by, id, p)
	if _, is := errors.AsType[unlent](err); is {
		return NoFiles, nil
	}
	return ReadFiles, err
}

// CreatedAccess is what the caller may do to the files of what they just made, or
// what they are making: that has no metadata location yet. It may be another's by
// now, or another table.
func (c *Catalog) CreatedAccess(ctx context.Context, warehouse string, id TableIdentifier, made Loaded) (FileAccess, error) {
	if made.MetadataLocation == "" {
		return WriteFiles, nil
	}
	access := NoFiles
	p, err := c.pointer(ctx, warehouse, id, TableKind)
	if err == nil && p.MetadataLocation == made.MetadataLocation {
		access, err = c.fileAccess(ctx, pointerObject(warehouse, id, p))
	}
	return access, err
}
