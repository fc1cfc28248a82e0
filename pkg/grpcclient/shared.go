package grpcclient

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/line"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// shared are reads of which those that ask the same go together.
type shared[Q comparable, A any] struct{ line *line.Line[Q, A] }

// share makes one call of reads that ask the same.
func share[Q comparable, A any](what string, ask func(context.Context, Q) (A, error)) shared[Q, A] {
	return shared[Q, A]{&line.Line[Q, A]{
		What: what, Limits: readLimits, Gather: line.Sharing(func(question Q) Q { return question }),
		Run: func(ctx context.Context, same []Q) ([]A, error) {
			ctx, cancel := context.WithTimeout(ctx, readLimits.Timeout)
			defer cancel()
			answer, err := ask(ctx, same[0])
			return slices.Repeat([]A{answer}, len(same)), err
		},
	}}
}

func (s shared[Q, A]) ask(ctx context.Context, question Q) (A, error) {
	answer, err := s.line.Do(ctx, question)
	if err == nil {
		return answer, nil
	}
	return answer, departed(err)
}

// departed is the status of an error of a line.
func departed(err error) error {
	if left, ok := errors.AsType[line.DepartureError](err); ok {
		return status.FromContextError(left.Cause).Err()
	}
	return fault.Status(err).Err()
}

// warehouses is a client whose reads of one warehouse go together.
type warehouses struct {
	htsv1.WarehouseServiceClient
	reads shared[string, *htsv1.GetWarehouseResponse]
}

// Warehouses makes a client of warehouses over a connection, which stays the
// caller's. A GetWarehouse runs at once while none is under way; those that find one
// wait for its end, and then one is made for all who ask for the same warehouse: each
// sees all that was acknowledged before it was made. They share the answer, which
// nobody may change.
func Warehouses(conn grpc.ClientConnInterface) htsv1.WarehouseServiceClient {
	client := htsv1.NewWarehouseServiceClient(conn)
	return &warehouses{client, share("reads of warehouses", func(ctx context.Context, name string) (*htsv1.GetWarehouseResponse, error) {
		return client.GetWarehouse(ctx, &htsv1.GetWarehouseRequest{Name: name})
	})}
}

// GetWarehouse implements the generated client.
func (w *warehouses) GetWarehouse(ctx context.Context, r *htsv1.GetWarehouseRequest, options ...grpc.CallOption) (*htsv1.GetWarehouseResponse, error) {
	if len(options) > 0 {
		return w.WarehouseServiceClient.GetWarehouse(ctx, r, options...)
	}
	return w.reads.ask(ctx, r.GetName())
}

// namespaces is a client whose reads of one namespace go together.
type namespaces struct {
	htsv1.NamespaceServiceClient
	reads shared[namespace, *htsv1.GetNamespaceResponse]
}

type namespace struct{ warehouse, database string }

// Namespaces makes a client of namespaces, of which reads of one go together as
// those of Warehouses do, but for what somebody may be shown.
func Namespaces(conn grpc.ClientConnInterface) htsv1.NamespaceServiceClient {
	client := htsv1.NewNamespaceServiceClient(conn)
	return &namespaces{client, share("reads of namespaces", func(ctx context.Context, n namespace) (*htsv1.GetNamespaceResponse, error) {
		return client.GetNamespace(ctx, &htsv1.GetNamespaceRequest{Warehouse: n.warehouse, DatabaseId: n.database})
	})}
}

// GetNamespace implements the generated client.
func (n *namespaces) GetNamespace(ctx context.Context, r *htsv1.GetNamespaceRequest, options ...grpc.CallOption) (*htsv1.GetNamespaceResponse, error) {
	if len(options) > 0 || r.GetVisibility() != nil {
		return n.NamespaceServiceClient.GetNamespace(ctx, r, options...)
	}
	return n.reads.ask(ctx, namespace{r.GetWarehouse(), r.GetDatabaseId()})
}
