package grpcclient

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/line"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// sites are reads of what is at one key and of where that is. Those of one warehouse
// go together, as point reads do: who creates beside others asks for much the same.
type sites struct {
	client htsv1.TableServiceClient
	line   *line.Line[point, site]
}

// site is what a read found; nil that it has to be asked for alone.
type site *htsv1.BatchGetTablesResponse

func newSites(client htsv1.TableServiceClient) sites {
	s := sites{client: client}
	s.line = &line.Line[point, site]{What: "reads of sites", Limits: readLimits, Gather: line.Sharing(point.of), Run: s.read}
	return s
}

// together reports whether a request may go with others.
func (s sites) together(r *htsv1.BatchGetTablesRequest, options []grpc.CallOption) bool {
	return r.GetSites() && len(r.GetKeys()) == 1 && len(options) == 0
}

// ask answers one key. What it tells of namespaces and warehouse others are told too.
func (s sites) ask(ctx context.Context, r *htsv1.BatchGetTablesRequest) (*htsv1.BatchGetTablesResponse, error) {
	key := r.GetKeys()[0]
	found, err := s.line.Do(ctx, point{r.GetWarehouse(), key.GetDatabaseId(), key.GetTableId(), key.GetFunction()})
	switch {
	case err != nil:
		return nil, departed(err)
	case found == nil:
		return s.client.BatchGetTables(ctx, r)
	}
	return found, nil
}

func (s sites) read(ctx context.Context, points []point) ([]site, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimits.Timeout)
	defer cancel()
	request := batchOf(points)
	request.Sites = true
	answer, err := s.client.BatchGetTables(ctx, request)
	code := status.Code(err)
	if len(points) > 1 && (code == codes.InvalidArgument || code == codes.PermissionDenied) {
		return make([]site, len(points)), nil // one of them is at fault, and which is no matter of the others
	}
	if err != nil {
		return nil, err
	}
	return apiece(answer, len(points)), nil
}

// apiece gives each of n keys its part of an answer. A service of an older version
// told of no sites, and nobody is told of any.
func apiece(answer *htsv1.BatchGetTablesResponse, n int) []site {
	all := make([]site, n)
	for i := range all {
		all[i] = &htsv1.BatchGetTablesResponse{Warehouse: answer.GetWarehouse(), NamespaceOf: []uint32{0}}
	}
	if answer.GetWarehouse() == nil {
		return all
	}
	for i, of := range answer.GetNamespaceOf() {
		if i < n && of > 0 && int(of) <= len(answer.GetNamespaces()) {
			all[i].Namespaces, all[i].NamespaceOf[0] = answer.GetNamespaces()[of-1:of], 1
		}
	}
	for i, index := range answer.GetIndexes() {
		if int(index) < n && i < len(answer.GetTables()) {
			all[index].Tables, all[index].Indexes = answer.GetTables()[i:i+1], []uint32{0}
		}
	}
	return all
}
