// Package hts owns the way to the house table service: the catalog's Pointers
// over the generated gRPC clients.
//
// It promises that protobuf types and gRPC statuses end here, that a lost answer
// to a read is fault.Unavailable and to a commit fault.UnknownOutcome, and that
// no call is without a time limit.
package hts

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// readTimeout bounds each read; a caller's own deadline may be nearer.
const readTimeout = 10 * time.Second

// batch is the most keys that one read may name.
const batch = 1000

// Pointers is catalog.Pointers over a connection to the house table service.
type Pointers struct {
	warehouses htsv1.WarehouseServiceClient
	namespaces htsv1.NamespaceServiceClient
	tables     htsv1.TableServiceClient
	commits    htsv1.CommitServiceClient
}

var _ catalog.Pointers = (*Pointers)(nil)

// New makes Pointers over a connection, which stays the caller's. Point reads
// that find others on their way go together, be they of tables, of one namespace or
// of one warehouse.
func New(conn grpc.ClientConnInterface) *Pointers {
	return &Pointers{
		warehouses: grpcclient.Warehouses(conn),
		namespaces: grpcclient.Namespaces(conn),
		tables:     grpcclient.Tables(conn),
		commits:    htsv1.NewCommitServiceClient(conn),
	}
}

// Dialed makes Pointers over a network, where a call costs more than what it asks for:
// small commits go together too.
func Dialed(conn grpc.ClientConnInterface) *Pointers {
	p := New(conn)
	p.commits = grpcclient.Commits(conn)
	return p
}

// read makes one read, within its time.
func read[Q, A any](ctx context.Context, call func(context.Context, Q, ...grpc.CallOption) (A, error), request Q) (A, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	answer, err := call(ctx, request)
	return answer, fault.FromStatus(err, fault.Unavailable)
}

// Ready implements catalog.Pointers.
func (p *Pointers) Ready(ctx context.Context) error {
	_, err := read(ctx, p.warehouses.GetWarehouse, &htsv1.GetWarehouseRequest{})
	return err
}

// Warehouse implements catalog.Pointers.
func (p *Pointers) Warehouse(ctx context.Context, name string) (catalog.Warehouse, error) {
	answer, err := read(ctx, p.warehouses.GetWarehouse, &htsv1.GetWarehouseRequest{Name: name})
	if err != nil {
		return catalog.Warehouse{}, missing(err, name, fault.NoSuchWarehouse, catalog.NoSuchWarehouse(name))
	}
	return WarehouseOf(answer.GetWarehouse()), nil
}

// WarehouseOf is a warehouse as the catalog knows it.
func WarehouseOf(w *htsv1.Warehouse) catalog.Warehouse {
	return catalog.Warehouse{
		Name: w.GetName(), Location: w.GetLocation(), Properties: maps.Clone(w.GetProperties()),
		Storage: storageOf(w), CreatedAt: w.GetCreatedAt().AsTime(), Version: w.GetVersion(),
	}
}

// Warehouses implements catalog.Pointers.
func (p *Pointers) Warehouses(ctx context.Context, page catalog.Page) ([]catalog.Warehouse, string, error) {
	answer, err := read(ctx, p.warehouses.ListWarehouses, &htsv1.ListWarehousesRequest{PageSize: int32(page.Size), PageToken: page.Token})
	if err != nil {
		return nil, "", err
	}
	found := make([]catalog.Warehouse, 0, len(answer.GetWarehouses()))
	for _, w := range answer.GetWarehouses() {
		found = append(found, WarehouseOf(w))
	}
	return found, answer.GetNextPageToken(), nil
}

// missing says what is missing in the catalog's words.
func missing(err error, warehouse string, kind fault.Kind, said error) error {
	switch {
	case fault.Is(err, fault.NoSuchWarehouse) || impossible(err):
		return catalog.NoSuchWarehouse(warehouse)
	case fault.Is(err, kind):
		return said
	}
	return err
}

// impossible reports whether err is that no warehouse can have this name: then
// none has it.
func impossible(err error) bool {
	e, ok := errors.AsType[*fault.Error](err)
	return ok && e.Kind == fault.Invalid && len(e.Violations) == 1 && e.Violations[0].Field == "warehouse"
}

// Namespace implements catalog.Pointers.
func (p *Pointers) Namespace(ctx context.Context, warehouse string, ns catalog.Namespace) (map[string]string, error) {
	answer, err := read(ctx, p.namespaces.GetNamespace, &htsv1.GetNamespaceRequest{Warehouse: warehouse, DatabaseId: ns.DatabaseID()})
	if err != nil {
		return nil, missing(err, warehouse, fault.NoSuchNamespace, catalog.NoSuchNamespace(ns))
	}
	if properties := answer.GetNamespace().GetProperties(); properties != nil {
		return maps.Clone(properties), nil // the answer may be others' as well
	}
	return map[string]string{}, nil
}

// NamespaceVisible implements catalog.Pointers.
func (p *Pointers) NamespaceVisible(ctx context.Context, warehouse string, ns catalog.Namespace, visible authz.Visibility) error {
	_, err := read(ctx, p.namespaces.GetNamespace, &htsv1.GetNamespaceRequest{
		Warehouse: warehouse, DatabaseId: ns.DatabaseID(), Visibility: visibilityTo(&visible),
	})
	return missing(err, warehouse, fault.NoSuchNamespace, catalog.NoSuchNamespace(ns))
}

// visibilityTo is nil where everything is visible.
func visibilityTo(v *authz.Visibility) *htsv1.Visibility {
	if v == nil {
		return nil
	}
	uuids := make([][]byte, len(v.UUIDs))
	for i := range v.UUIDs {
		uuids[i] = v.UUIDs[i][:]
	}
	return &htsv1.Visibility{Uuids: uuids, Owner: v.Owner, DatabaseIds: v.DatabaseIDs}
}

// Namespaces implements catalog.Pointers.
func (p *Pointers) Namespaces(ctx context.Context, warehouse string, parent catalog.Namespace, page catalog.Page) ([]catalog.Namespace, string, error) {
	answer, err := read(ctx, p.namespaces.ListNamespaces, &htsv1.ListNamespacesRequest{
		Warehouse: warehouse, ParentDatabaseId: parent.DatabaseID(), PageSize: int32(page.Size), PageToken: page.Token,
		Visibility: visibilityTo(page.Visible),
	})
	if err != nil {
		return nil, "", missing(err, warehouse, fault.NoSuchNamespace, catalog.NoSuchNamespace(parent))
	}
	children := make([]catalog.Namespace, 0, len(answer.GetNamespaces()))
	for _, child := range answer.GetNamespaces() {
		children = append(children, namespaceOf(child.GetDatabaseId()))
	}
	return children, answer.GetNextPageToken(), nil
}

// Pointer implements catalog.Pointers.
func (p *Pointers) Pointer(ctx context.Context, warehouse string, id catalog.TableIdentifier) (catalog.Pointer, error) {
	answer, err := read(ctx, p.tables.GetTable, &htsv1.GetTableRequest{Warehouse: warehouse, Key: keyOf(id, catalog.AnyKind)})
	if err != nil {
		return catalog.Pointer{}, missing(err, warehouse, fault.NoSuchTable, catalog.NoSuchPointer(catalog.TableKind, id))
	}
	return pointerOf(answer.GetTable())
}

// Function implements catalog.Pointers.
func (p *Pointers) Function(ctx context.Context, warehouse string, id catalog.TableIdentifier) (catalog.Pointer, error) {
	answer, err := read(ctx, p.tables.GetTable, &htsv1.GetTableRequest{Warehouse: warehouse, Key: keyOf(id, catalog.FunctionKind)})
	if err != nil {
		return catalog.Pointer{}, missing(err, warehouse, fault.NoSuchTable, catalog.NoSuchPointer(catalog.FunctionKind, id))
	}
	return pointerOf(answer.GetTable())
}

// Pointers implements catalog.Pointers.
func (p *Pointers) Pointers(ctx context.Context, warehouse string, ids []catalog.TableIdentifier) ([]catalog.Pointer, error) {
	pointers := make([]catalog.Pointer, 0, len(ids))
	for first := 0; first < len(ids); first += batch {
		part := ids[first:min(first+batch, len(ids))]
		keys := make([]*htsv1.TableKey, len(part))
		for i, id := range part {
			keys[i] = keyOf(id, catalog.AnyKind)
		}
		answer, err := read(ctx, p.tables.BatchGetTables, &htsv1.BatchGetTablesRequest{Warehouse: warehouse, Keys: keys})
		if err != nil {
			return nil, missing(err, warehouse, fault.NoSuchWarehouse, nil)
		}
		for _, t := range answer.GetTables() {
			pointer, err := pointerOf(t)
			if err != nil {
				return nil, err
			}
			pointers = append(pointers, pointer)
		}
	}
	return pointers, nil
}

// LastChange implements catalog.Pointers.
func (p *Pointers) LastChange(ctx context.Context, warehouse string, pointer catalog.Pointer) (catalog.Winner, error) {
	answer, err := read(ctx, p.tables.GetTableHistory, &htsv1.GetTableHistoryRequest{Warehouse: warehouse, Uuid: pointer.UUID[:], PageSize: 1})
	if err != nil {
		return catalog.Winner{}, err
	}
	if len(answer.GetVersions()) == 0 {
		return catalog.Winner{}, fault.New(fault.Internal, "house table without a history")
	}
	return winnerOf(answer.GetVersions()[0]), nil
}

// list reads a page of house tables, or of their names.
func (p *Pointers) list(ctx context.Context, ns catalog.Namespace, r *htsv1.ListTablesRequest) (*htsv1.ListTablesResponse, error) {
	warehouse := r.GetWarehouse()
	answer, err := read(ctx, p.tables.ListTables, r)
	if err != nil {
		return nil, missing(err, warehouse, fault.NoSuchNamespace, catalog.NoSuchNamespace(ns))
	}
	return answer, nil
}

// pageOf asks for a page of house tables.
func pageOf(warehouse string, ns catalog.Namespace, kind catalog.Kind, page catalog.Page) *htsv1.ListTablesRequest {
	return &htsv1.ListTablesRequest{
		Warehouse: warehouse, DatabaseId: ns.DatabaseID(), Kind: kindTo(kind), PageSize: int32(page.Size), PageToken: page.Token,
		Visibility: visibilityTo(page.Visible),
	}
}

// ListPointers implements catalog.Pointers.
func (p *Pointers) ListPointers(ctx context.Context, warehouse string, ns catalog.Namespace, kind catalog.Kind, page catalog.Page) ([]catalog.Pointer, string, error) {
	answer, err := p.list(ctx, ns, pageOf(warehouse, ns, kind, page))
	if err != nil {
		return nil, "", err
	}
	pointers := make([]catalog.Pointer, 0, len(answer.GetTables()))
	for _, t := range answer.GetTables() {
		pointer, err := pointerOf(t)
		if err != nil {
			return nil, "", err
		}
		pointers = append(pointers, pointer)
	}
	return pointers, answer.GetNextPageToken(), nil
}

// List implements catalog.Pointers.
func (p *Pointers) List(ctx context.Context, warehouse string, ns catalog.Namespace, kind catalog.Kind, page catalog.Page, known *catalog.Names) (*catalog.Names, error) {
	r := pageOf(warehouse, ns, kind, page)
	r.NamesOnly, r.InLines = true, true
	if known != nil {
		r.Known = &known.Mark
	}
	answer, err := p.list(ctx, ns, r)
	if err != nil {
		return nil, err
	}
	if known != nil && answer.GetUnchanged() {
		return known, nil
	}
	return &catalog.Names{All: namesOf(answer), Next: answer.GetNextPageToken(), Mark: answer.GetMark()}, nil
}

// namesOf are the names of a page. Services of older versions answer without lines.
func namesOf(answer *htsv1.ListTablesResponse) []string {
	if answer.GetLines() != "" {
		return strings.Split(answer.GetLines(), "\n")
	}
	names := answer.GetTableIds()
	for _, t := range answer.GetTables() {
		names = append(names, t.GetKey().GetTableId())
	}
	return names
}

// keyOf is the key of a name. Functions have names of their own.
func keyOf(id catalog.TableIdentifier, kind catalog.Kind) *htsv1.TableKey {
	return &htsv1.TableKey{DatabaseId: id.Namespace.DatabaseID(), TableId: id.Name, Function: kind == catalog.FunctionKind}
}

// namespaceOf takes an id that the catalog did not make as it is: better shown
// oddly than not at all.
func namespaceOf(databaseID string) catalog.Namespace {
	ns, err := catalog.ParseDatabaseID(databaseID)
	if err != nil {
		return catalog.Namespace{databaseID}
	}
	return ns
}

func pointerOf(t *htsv1.HouseTable) (catalog.Pointer, error) {
	id, err := uuid.FromBytes(t.GetUuid())
	if err != nil {
		return catalog.Pointer{}, fault.Wrap(fault.Internal, err, "house table without a uuid")
	}
	return catalog.Pointer{
		Identifier:       catalog.TableIdentifier{Namespace: namespaceOf(t.GetKey().GetDatabaseId()), Name: t.GetKey().GetTableId()},
		Kind:             kindFrom(t.GetKind()),
		UUID:             id,
		Version:          t.GetVersion(),
		MetadataLocation: t.GetMetadataLocation(),
		UpdatedAt:        t.GetUpdatedAt().AsTime(),
		Dropped:          t.DeletedAtMs != nil,
		Owner:            t.GetOwner(),
	}, nil
}

func kindTo(kind catalog.Kind) htsv1.TableKind {
	switch kind {
	case catalog.TableKind:
		return htsv1.TableKind_TABLE_KIND_TABLE
	case catalog.ViewKind:
		return htsv1.TableKind_TABLE_KIND_VIEW
	case catalog.FunctionKind:
		return htsv1.TableKind_TABLE_KIND_FUNCTION
	default:
		return htsv1.TableKind_TABLE_KIND_UNSPECIFIED
	}
}

func kindFrom(kind htsv1.TableKind) catalog.Kind {
	switch kind {
	case htsv1.TableKind_TABLE_KIND_TABLE:
		return catalog.TableKind
	case htsv1.TableKind_TABLE_KIND_VIEW:
		return catalog.ViewKind
	case htsv1.TableKind_TABLE_KIND_FUNCTION:
		return catalog.FunctionKind
	default:
		return catalog.AnyKind
	}
}
