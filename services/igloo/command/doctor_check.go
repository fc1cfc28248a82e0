package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/iceberg"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// metadataPath is the property that says where metadata files go.
const metadataPath = "write.metadata.path"

// examined is the metadata of a table or a view.
type examined interface {
	UUID() string
	Location() string
	Property(key string) (string, bool)
}

// one looks at one table or view.
func (e *examination) one(ctx context.Context, s subject) {
	e.count(s.kind + "s")
	answer, err := e.load(ctx, s)
	var l loaded
	if err == nil {
		l, err = readLoaded(answer)
	}
	switch {
	case refusedWith(err, fault.NoSuchTable, fault.NoSuchView, fault.NoSuchNamespace, fault.NoSuchWarehouse):
		e.count("gone") // dropped since it was listed
	case refusedWith(err, fault.MissingFile):
		e.found(ctx, foundMissing, s.finding(), "%v", err)
	case refusedWith(err, fault.DamagedFile):
		e.found(ctx, foundDamaged, s.finding(), "%v", err)
	case err != nil:
		e.failed(ctx, s.finding(), err)
	default:
		e.examine(ctx, s, answer, l)
		return
	}
	e.places.add(placed(s, s.pointer.GetLocation()))
}

// load has the catalog read the metadata file, whatever it remembers of it.
func (e *examination) load(ctx context.Context, s subject) (json.RawMessage, error) {
	header := map[string]string{"Cache-Control": "no-cache"}
	if e.Orphans && s.kind == "table" {
		header[delegationHeader] = vended
	}
	path := append([]string{s.warehouse.GetName()}, s.path(s.kind+"s")...)
	return e.igloo.ask(ctx, call{method: http.MethodGet, catalog: true, path: path, header: header})
}

// examine looks at metadata that could be read.
func (e *examination) examine(ctx context.Context, s subject, answer json.RawMessage, l loaded) {
	d, err := e.parsed(ctx, s, l)
	if err != nil {
		e.found(ctx, foundDamaged, s.finding(), "%s: %v", l.MetadataLocation, err)
		return
	}
	e.identity(ctx, s, l, d)
	folders := []string{d.Location()}
	if folder, set := d.Property(metadataPath); set && folder != "" {
		folders = append(folders, folder)
	}
	if !slices.ContainsFunc(folders, func(folder string) bool { return within(l.MetadataLocation, folder) }) {
		e.found(ctx, foundElsewhere, s.finding(), "the metadata is at %s, and not in %s", l.MetadataLocation, strings.Join(folders, " or "))
	}
	e.places.add(placed(s, spelled(d.Location())))
	if e.Orphans && s.kind == "table" {
		e.orphans(ctx, s, answer, l, folders[len(folders)-1], len(folders) > 1)
	}
}

// parsed reads metadata, and tells of what no engine could do with it.
func (e *examination) parsed(ctx context.Context, s subject, l loaded) (examined, error) {
	if s.kind == "view" {
		return iceberg.ParseViewMetadata(l.Metadata)
	}
	m, err := iceberg.ParseTableMetadata(l.Metadata)
	if err != nil {
		return nil, err
	}
	if !m.Known() {
		e.found(ctx, foundFormat, s.finding(), "%s has format version %d, of which nothing is known here", l.MetadataLocation, m.FormatVersion())
		return m, nil
	}
	err = m.Validate()
	if err == nil {
		err = ordered(l.Metadata)
	}
	if err != nil {
		e.found(ctx, foundInvalid, s.finding(), "%s: %v", l.MetadataLocation, err)
	}
	return m, nil
}

// ordered refuses metadata without the sort order that it chooses. A catalog serves
// it, for readers need none; writers do.
func ordered(text json.RawMessage) error {
	m, err := readMetadata(text)
	if err != nil {
		return err
	}
	if m.OrderID != 0 && !slices.ContainsFunc(m.Orders, func(o order) bool { return o.ID == m.OrderID }) {
		return fmt.Errorf("default-sort-order-id: found %d, which is not among the sort orders", m.OrderID)
	}
	return nil
}

// identity compares the metadata's uuid with that which the pointer holds, if it
// holds one.
func (e *examination) identity(ctx context.Context, s subject, l loaded, d examined) {
	held, is := s.pointer.GetMetadataUuid(), catalog.HeldUUID(d.UUID())
	switch {
	case len(held) == 0 || bytes.Equal(held, is[:]):
	case s.pointer.GetTable().GetMetadataLocation() != l.MetadataLocation:
		e.failed(ctx, s.finding(), fmt.Errorf("it changed while it was looked at, and is another %s by now", s.kind))
	default:
		e.found(ctx, foundOtherUUID, s.finding(), "%s is the metadata of %s, and the pointer is of %x", l.MetadataLocation, d.UUID(), held)
	}
}

// spelled is a location in the one spelling that the catalog has for it; one without
// such a spelling as it is.
func spelled(location string) string {
	if one, err := catalog.HeldLocation(location); err == nil {
		return one
	}
	return strings.TrimRight(location, "/")
}

// within reports whether a file lies in a folder.
func within(file, folder string) bool { return strings.HasPrefix(spelled(file), spelled(folder)+"/") }
