package catalog

import (
	"errors"
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/iceberg"
)

// tableDocument is a table's metadata as a document.
type tableDocument struct{ *iceberg.TableMetadata }

// Bytes implements document.
func (d tableDocument) Bytes() []byte { return d.Document() }

func (d tableDocument) previousFiles() []string {
	log := d.MetadataLog()
	files := make([]string, len(log))
	for i, entry := range log {
		files[i] = entry.MetadataFile
	}
	return files
}

// parseDocument reads metadata of a kind.
func parseDocument(kind Kind, data []byte) (document, error) {
	switch kind {
	case ViewKind:
		view, err := iceberg.ParseViewMetadata(data)
		return viewDocument{view}, err
	case FunctionKind:
		function, err := iceberg.ParseFunctionMetadata(data)
		return functionDocument{function}, err
	default:
		table, err := iceberg.ParseTableMetadata(data)
		return tableDocument{table}, err
	}
}

// validate looks at all of a document that came from elsewhere.
func (d tableDocument) validate() error { return refused(d.Validate()) }

// refused is what the metadata engine refuses, as a fault: a lost race may be
// tried again, anything else is the request's own.
func refused(err error) error {
	e, ok := errors.AsType[*iceberg.Error](err)
	if !ok {
		return err
	}
	if e.Kind == iceberg.KindConflict {
		return fault.New(fault.CommitFailed, "%s", conflictText(e))
	}
	f := fault.New(fault.Invalid, "%s", e.Error())
	if e.Path != "" {
		f.Violations = []fault.Violation{{Field: e.Path, Description: e.Message}}
	}
	return f
}

func conflictText(e *iceberg.Error) string {
	if e.Requirement == "" {
		return e.Error()
	}
	return fmt.Sprintf("%s (%s: expected %s, found %s)", e.Error(), e.Requirement, e.Expected, e.Found)
}
