package htsfake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// GetWarehouse implements the generated server.
func (f *Fake) GetWarehouse(_ context.Context, r *htsv1.GetWarehouseRequest) (*htsv1.GetWarehouseResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetName())
	if err != nil {
		return nil, err
	}
	return &htsv1.GetWarehouseResponse{Warehouse: proto.CloneOf(w.row)}, nil
}

// GetNamespace implements the generated server.
func (f *Fake) GetNamespace(_ context.Context, r *htsv1.GetNamespaceRequest) (*htsv1.GetNamespaceResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	ns, exists := w.namespaces[r.GetDatabaseId()]
	if !exists || !w.showsNamespace(r.GetVisibility(), r.GetDatabaseId()) {
		return nil, fault.New(fault.NoSuchNamespace, "no such namespace")
	}
	return &htsv1.GetNamespaceResponse{Namespace: proto.CloneOf(ns)}, nil
}

// ListNamespaces implements the generated server.
func (f *Fake) ListNamespaces(_ context.Context, r *htsv1.ListNamespacesRequest) (*htsv1.ListNamespacesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	if _, exists := w.namespaces[r.GetParentDatabaseId()]; !exists && r.GetParentDatabaseId() != "" {
		return nil, fault.New(fault.NoSuchNamespace, "no such namespace")
	}
	var ids []string
	for id := range w.namespaces {
		if parent(id) == r.GetParentDatabaseId() && w.showsNamespace(r.GetVisibility(), id) {
			ids = append(ids, id)
		}
	}
	ids, next := cut(ids, r.GetPageSize(), r.GetPageToken())
	answer := &htsv1.ListNamespacesResponse{NextPageToken: next}
	for _, id := range ids {
		answer.Namespaces = append(answer.Namespaces, proto.CloneOf(w.namespaces[id]))
	}
	return answer, nil
}

// GetTable implements the generated server.
func (f *Fake) GetTable(_ context.Context, r *htsv1.GetTableRequest) (*htsv1.GetTableResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	e, exists := w.tables[key(r.GetKey())]
	if !exists {
		return nil, fault.New(fault.NoSuchTable, "no such table")
	}
	return &htsv1.GetTableResponse{Table: proto.CloneOf(e.table)}, nil
}

// BatchGetTables implements the generated server.
func (f *Fake) BatchGetTables(_ context.Context, r *htsv1.BatchGetTablesRequest) (*htsv1.BatchGetTablesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	answer := &htsv1.BatchGetTablesResponse{}
	for i, k := range r.GetKeys() {
		if e, exists := w.tables[key(k)]; exists {
			answer.Tables = append(answer.Tables, proto.CloneOf(e.table))
			answer.Indexes = append(answer.Indexes, uint32(i))
		}
	}
	if r.GetSites() {
		w.addSites(r.GetKeys(), answer)
	}
	return answer, nil
}

func (w *warehouse) addSites(keys []*htsv1.TableKey, answer *htsv1.BatchGetTablesResponse) {
	answer.Warehouse = proto.CloneOf(w.row)
	places := map[string]uint32{}
	for _, k := range keys {
		ns, exists := w.namespaces[k.GetDatabaseId()]
		if exists && places[k.GetDatabaseId()] == 0 {
			answer.Namespaces = append(answer.Namespaces, proto.CloneOf(ns))
			places[k.GetDatabaseId()] = uint32(len(answer.GetNamespaces()))
		}
		answer.NamespaceOf = append(answer.NamespaceOf, places[k.GetDatabaseId()])
	}
}

// ListTables implements the generated server.
func (f *Fake) ListTables(_ context.Context, r *htsv1.ListTablesRequest) (*htsv1.ListTablesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	if _, exists := w.namespaces[r.GetDatabaseId()]; !exists {
		return nil, fault.New(fault.NoSuchNamespace, "no such namespace")
	}
	mark := w.mark(r)
	if mark != "" && r.GetKnown() == mark {
		return &htsv1.ListTablesResponse{Mark: mark, Unchanged: true}, nil
	}
	names, next := cut(w.shown(r), r.GetPageSize(), r.GetPageToken())
	answer := &htsv1.ListTablesResponse{NextPageToken: next, Mark: mark}
	switch {
	case r.GetNamesOnly() && r.GetInLines():
		answer.Lines = strings.Join(names, "\n")
		return answer, nil
	case r.GetNamesOnly():
		answer.TableIds = names
		return answer, nil
	}
	for _, name := range names {
		answer.Tables = append(answer.Tables, proto.CloneOf(w.tables[tableKey{database: r.GetDatabaseId(), table: name, function: r.GetKind() == htsv1.TableKind_TABLE_KIND_FUNCTION}].table))
	}
	return answer, nil
}

// GetTableHistory implements the generated server. It remembers of each house
// table the newest version alone.
func (f *Fake) GetTableHistory(_ context.Context, r *htsv1.GetTableHistoryRequest) (*htsv1.GetTableHistoryResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	for k, e := range w.tables {
		if bytes.Equal(e.table.GetUuid(), r.GetUuid()) || (len(r.GetUuid()) == 0 && k == key(r.GetKey())) {
			return &htsv1.GetTableHistoryResponse{Versions: []*htsv1.TableVersion{proto.CloneOf(e.winner)}}, nil
		}
	}
	return &htsv1.GetTableHistoryResponse{}, nil
}

// GetOperation implements the generated server.
func (f *Fake) GetOperation(_ context.Context, r *htsv1.GetOperationRequest) (*htsv1.GetOperationResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	recorded, exists := w.operations[string(r.GetId())]
	if !exists {
		return nil, fault.New(fault.NoSuchOperation, "no such operation")
	}
	return &htsv1.GetOperationResponse{Operation: proto.CloneOf(recorded)}, nil
}

// BatchGetOperations implements the generated server.
func (f *Fake) BatchGetOperations(_ context.Context, r *htsv1.BatchGetOperationsRequest) (*htsv1.BatchGetOperationsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, err := f.warehouse(r.GetWarehouse())
	if err != nil {
		return nil, err
	}
	answer := &htsv1.BatchGetOperationsResponse{}
	for _, id := range r.GetIds() {
		if recorded, exists := w.operations[string(id)]; exists {
			answer.Operations = append(answer.Operations, proto.CloneOf(recorded))
		}
	}
	return answer, nil
}

// GetEpoch implements the generated server.
func (f *Fake) GetEpoch(context.Context, *htsv1.GetEpochRequest) (*htsv1.GetEpochResponse, error) {
	return &htsv1.GetEpochResponse{Epoch: epoch}, nil
}

// names are those of one kind in a database, in their order: sorted once between
// two commits, for lists of many pages.
func (w *warehouse) names(database string, kind htsv1.TableKind) []string {
	list := listKey{database, kind}
	if names, known := w.listed[list]; known {
		return names
	}
	var names []string
	for k, e := range w.tables {
		if k.database == database && e.table.GetKind() == kind {
			names = append(names, k.table)
		}
	}
	slices.Sort(names)
	if w.listed == nil {
		w.listed = map[listKey][]string{}
	}
	w.listed[list] = names
	return names
}

// mark of a list is a digest of it: the same one is of the same list.
func (w *warehouse) mark(r *htsv1.ListTablesRequest) string {
	if r.Known == nil || !r.GetNamesOnly() || r.GetVisibility() != nil {
		return ""
	}
	names := fmt.Sprintf("%q %v %q", r.GetDatabaseId(), r.GetKind(), w.names(r.GetDatabaseId(), r.GetKind()))
	return fmt.Sprintf("%x", sha256.Sum256([]byte(names)))
}

func parent(id string) string {
	dot := strings.LastIndexByte(id, '.')
	if dot < 0 {
		return ""
	}
	return id[:dot]
}

// cut takes the page after the token out of the names; a token is the last name
// of the page before.
func cut(names []string, size int32, token string) ([]string, string) {
	slices.Sort(names)
	start, found := slices.BinarySearch(names, token)
	if found {
		start++
	}
	names = names[start:]
	if size <= 0 {
		size = 1000
	}
	if len(names) <= int(size) {
		return names, ""
	}
	return names[:size], names[size-1]
}
