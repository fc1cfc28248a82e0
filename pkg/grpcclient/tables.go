package grpcclient

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/line"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// readLimits are those of point reads over one connection. There are slots for
// those that hang, as long as they may: each costs the others a moment.
var readLimits = line.Limits{
	Slots: 1024, Batch: 128, Queue: 4096,
	InTurn: true, Patience: 20 * time.Millisecond, Company: 2 * time.Millisecond,
	Timeout: 10 * time.Second,
}

// tables is a client whose point reads go together.
type tables struct {
	htsv1.TableServiceClient
	line  *line.Line[point, found]
	lists shared[page, *htsv1.ListTablesResponse]
	sites sites
}

// page is a page of names, of which the caller may have kept what has a mark.
type page struct {
	warehouse, database, token, known string
	kind                              htsv1.TableKind
	size                              int32
}

// point is a read of one house table.
type point struct {
	warehouse, database, table string
	function                   bool
}

// found is what a read found: a house table, none, or that it has to be asked for
// alone.
type found struct {
	table *htsv1.HouseTable
	alone bool
}

// Tables makes a client of house tables over a connection, which stays the
// caller's. A GetTable runs at once, alone, while none is under way; those that find
// one go together in a BatchGetTables when it ends. Its answers are those of a client
// that was generated, but for tables of which several were asked at once: they share
// what is answered, which nobody may change. Each call sees all that was acknowledged
// before it was made. Those of ListTables that ask for the same names and a mark go
// together as reads of Warehouses do, and so do a BatchGetTables that asks for the
// site of one key and others in its warehouse.
func Tables(conn grpc.ClientConnInterface) htsv1.TableServiceClient {
	client := htsv1.NewTableServiceClient(conn)
	return &tables{
		TableServiceClient: client,
		line:               &line.Line[point, found]{What: "reads", Limits: readLimits, Gather: line.Sharing(point.of), Run: readFrom(client)},
		sites:              newSites(client),
		lists: share("lists of names", func(ctx context.Context, p page) (*htsv1.ListTablesResponse, error) {
			return client.ListTables(ctx, &htsv1.ListTablesRequest{
				Warehouse: p.warehouse, DatabaseId: p.database, Kind: p.kind, PageSize: p.size, PageToken: p.token,
				NamesOnly: true, InLines: true, Known: &p.known,
			})
		}),
	}
}

// ListTables implements the generated client.
func (t *tables) ListTables(ctx context.Context, r *htsv1.ListTablesRequest, options ...grpc.CallOption) (*htsv1.ListTablesResponse, error) {
	if len(options) > 0 || r.Known == nil || !r.GetNamesOnly() || !r.GetInLines() || r.GetVisibility() != nil {
		return t.TableServiceClient.ListTables(ctx, r, options...)
	}
	return t.lists.ask(ctx, page{r.GetWarehouse(), r.GetDatabaseId(), r.GetPageToken(), r.GetKnown(), r.GetKind(), r.GetPageSize()})
}

// BatchGetTables implements the generated client.
func (t *tables) BatchGetTables(ctx context.Context, r *htsv1.BatchGetTablesRequest, options ...grpc.CallOption) (*htsv1.BatchGetTablesResponse, error) {
	if t.sites.together(r, options) {
		return t.sites.ask(ctx, r)
	}
	return t.TableServiceClient.BatchGetTables(ctx, r, options...)
}

// GetTable implements the generated client.
func (t *tables) GetTable(ctx context.Context, r *htsv1.GetTableRequest, options ...grpc.CallOption) (*htsv1.GetTableResponse, error) {
	if len(options) > 0 {
		return t.TableServiceClient.GetTable(ctx, r, options...)
	}
	key := r.GetKey()
	read, err := t.line.Do(ctx, point{r.GetWarehouse(), key.GetDatabaseId(), key.GetTableId(), key.GetFunction()})
	switch {
	case err != nil:
		return nil, departed(err)
	case read.alone:
		return t.TableServiceClient.GetTable(ctx, r)
	case read.table == nil:
		return nil, fault.Status(fault.New(fault.NoSuchTable, "table %s.%s does not exist", key.GetDatabaseId(), key.GetTableId())).Err()
	}
	return &htsv1.GetTableResponse{Table: read.table}, nil
}

// readFrom makes one call of several reads, of which those of one table are one. One
// that is alone has to be asked for alone, by its caller.
func readFrom(client htsv1.TableServiceClient) func(context.Context, []point) ([]found, error) {
	return func(ctx context.Context, points []point) ([]found, error) {
		ctx, cancel := context.WithTimeout(ctx, readLimits.Timeout)
		defer cancel()
		if len(points) == 1 {
			return readAll(ctx, client, points)
		}
		different, which := alike(points)
		read, err := readAll(ctx, client, different)
		if err != nil || len(different) == len(points) {
			return read, err
		}
		all := make([]found, len(points))
		for i, at := range which {
			all[i] = read[at]
		}
		return all, nil
	}
}

// alike are the different ones of several points, and which of them each is.
func alike(points []point) (different []point, which []int) {
	different, which = make([]point, 0, len(points)), make([]int, len(points))
	at := make(map[point]int, len(points))
	for i, p := range points {
		n, known := at[p]
		if !known {
			n = len(different)
			at[p], different = n, append(different, p)
		}
		which[i] = n
	}
	return different, which
}

func readAll(ctx context.Context, client htsv1.TableServiceClient, points []point) ([]found, error) {
	if len(points) == 1 {
		answer, err := client.GetTable(ctx, &htsv1.GetTableRequest{Warehouse: points[0].warehouse, Key: points[0].key()})
		return []found{{table: answer.GetTable()}}, err
	}
	answer, err := client.BatchGetTables(ctx, batchOf(points))
	if status.Code(err) == codes.InvalidArgument {
		return apart(len(points)), nil // one of them is at fault, and which is no matter of the others
	}
	return spread(answer, len(points)), err
}

// batchOf asks for points of one warehouse.
func batchOf(points []point) *htsv1.BatchGetTablesRequest {
	request := &htsv1.BatchGetTablesRequest{Warehouse: points[0].warehouse, Keys: make([]*htsv1.TableKey, len(points))}
	for i, p := range points {
		request.Keys[i] = p.key()
	}
	return request
}

// of is the warehouse, whose reads go together.
func (p point) of() string { return p.warehouse }

func (p point) key() *htsv1.TableKey {
	return &htsv1.TableKey{DatabaseId: p.database, TableId: p.table, Function: p.function}
}

// apart has every read asked for alone.
func apart(n int) []found {
	all := make([]found, n)
	for i := range all {
		all[i].alone = true
	}
	return all
}

// spread gives each of n reads what the answer has for it. A service of an older
// version does not say which table is whose.
func spread(answer *htsv1.BatchGetTablesResponse, n int) []found {
	if len(answer.GetIndexes()) != len(answer.GetTables()) {
		return apart(n)
	}
	all := make([]found, n)
	for i, index := range answer.GetIndexes() {
		if int(index) < n {
			all[index].table = answer.GetTables()[i]
		}
	}
	return all
}
