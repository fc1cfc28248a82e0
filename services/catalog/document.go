package catalog

import (
	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

func parseDocument(Kind, []byte) (document, error) {
	return nil, fault.New(fault.Unsupported, "metadata is not read yet")
}

func createTable(TableCreation, uuid.UUID, string) (document, error) {
	return nil, fault.New(fault.Unsupported, "tables are not created yet")
}

func loadedRefs(location string, d document) (Loaded, error) {
	return Loaded{MetadataLocation: location, Metadata: d.Bytes()}, nil
}

func tableRevisionOf(TableChange) (revision, error) {
	return nil, fault.New(fault.Unsupported, "tables are not committed to yet")
}

func createView(ViewCreation, uuid.UUID, string) (document, error) {
	return nil, fault.New(fault.Unsupported, "views are not created yet")
}

func viewRevisionOf(ViewChange) (revision, error) {
	return nil, fault.New(fault.Unsupported, "views are not committed to yet")
}
