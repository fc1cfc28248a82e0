package rpc

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

type warehouseService struct {
	htsv1.UnimplementedWarehouseServiceServer
	store    housetable.Warehouses
	profiles Profiles
}

// CreateWarehouse creates a warehouse.
func (s *warehouseService) CreateWarehouse(ctx context.Context, r *htsv1.CreateWarehouseRequest) (*htsv1.CreateWarehouseResponse, error) {
	w := r.GetWarehouse()
	if err := firstError(checkWarehouse("warehouse.name", w.GetName()),
		checkText("warehouse.location", w.GetLocation(), maxLocationBytes),
		checkProperties("warehouse.properties", w.GetProperties())); err != nil {
		return nil, err
	}
	storage, err := s.admitted(ctx, r)
	if err != nil {
		return nil, err
	}
	stored, err := s.store.CreateWarehouse(ctx, housetable.Warehouse{
		Name: w.GetName(), Location: w.GetLocation(), Properties: w.GetProperties(), CaseInsensitive: w.GetCaseInsensitive(),
		Storage: storage.new,
	})
	if err != nil {
		return nil, err
	}
	if err := created(ctx); err != nil {
		return nil, err
	}
	return &htsv1.CreateWarehouseResponse{Warehouse: toWarehouse(stored)}, nil
}

// GetWarehouse returns one warehouse.
func (s *warehouseService) GetWarehouse(ctx context.Context, r *htsv1.GetWarehouseRequest) (*htsv1.GetWarehouseResponse, error) {
	name, err := warehouseOr(r.GetName())
	if err != nil {
		return nil, err
	}
	w, err := s.store.Warehouse(ctx, name)
	if err != nil {
		return nil, err
	}
	return &htsv1.GetWarehouseResponse{Warehouse: toWarehouse(w)}, nil
}

// ListWarehouses returns a page.
func (s *warehouseService) ListWarehouses(ctx context.Context, r *htsv1.ListWarehousesRequest) (*htsv1.ListWarehousesResponse, error) {
	of := list("warehouses")
	page, err := readPage(of, r.GetPageSize(), r.GetPageToken())
	if err != nil {
		return nil, err
	}
	warehouses, next, err := s.store.ListWarehouses(ctx, page)
	if err != nil {
		return nil, err
	}
	if warehouses, err = described(ctx, warehouses); err != nil {
		return nil, err
	}
	response := &htsv1.ListWarehousesResponse{NextPageToken: pageToken(of, next)}
	for _, w := range warehouses {
		response.Warehouses = append(response.Warehouses, toWarehouse(w))
	}
	return response, nil
}

// UpdateWarehouse changes single properties, and storage as a whole.
func (s *warehouseService) UpdateWarehouse(ctx context.Context, r *htsv1.UpdateWarehouseRequest) (*htsv1.UpdateWarehouseResponse, error) {
	if err := firstError(checkWarehouse("name", r.GetName()), checkUpdate("", r.GetUpdates(), r.GetRemovals())); err != nil {
		return nil, err
	}
	storage, err := s.admitted(ctx, r)
	if err != nil {
		return nil, err
	}
	w, err := s.store.UpdateWarehouse(ctx, housetable.WarehouseUpdate{
		Name: r.GetName(), Updates: r.GetUpdates(), Removals: r.GetRemovals(), Storage: storage.new,
		ExpectedVersion: cmp.Or(r.GetExpectedVersion(), storage.version),
	})
	if err != nil {
		return nil, err
	}
	return &htsv1.UpdateWarehouseResponse{Warehouse: toWarehouse(w)}, nil
}

// DeleteWarehouse deletes an empty warehouse.
func (s *warehouseService) DeleteWarehouse(ctx context.Context, r *htsv1.DeleteWarehouseRequest) (*htsv1.DeleteWarehouseResponse, error) {
	if err := checkWarehouse("name", r.GetName()); err != nil {
		return nil, err
	}
	if err := s.store.DeleteWarehouse(ctx, r.GetName(), r.GetExpectedVersion()); err != nil {
		return nil, err
	}
	return &htsv1.DeleteWarehouseResponse{}, nil
}

// CheckWarehouse tries the storage of a warehouse.
func (s *warehouseService) CheckWarehouse(ctx context.Context, r *htsv1.CheckWarehouseRequest) (*htsv1.CheckWarehouseResponse, error) {
	w, err := s.withStorage(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	roots, err := s.profiles.probe(ctx, toWarehouse(w), w.Storage)
	if err != nil {
		return nil, err
	}
	return &htsv1.CheckWarehouseResponse{Roots: roots}, nil
}

// ResealWarehouse seals secrets anew.
func (s *warehouseService) ResealWarehouse(ctx context.Context, r *htsv1.ResealWarehouseRequest) (*htsv1.ResealWarehouseResponse, error) {
	w, err := s.withStorage(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	resealed, err := s.profiles.reseal(w.Name, *w.Storage)
	if err != nil {
		return nil, err
	}
	w, err = s.store.UpdateWarehouse(ctx, housetable.WarehouseUpdate{
		Name: w.Name, Storage: resealed, ExpectedVersion: cmp.Or(r.GetExpectedVersion(), w.Version),
	})
	if err != nil {
		return nil, err
	}
	return &htsv1.ResealWarehouseResponse{Warehouse: toWarehouse(w)}, nil
}

// withStorage is a warehouse that has storage of its own.
func (s *warehouseService) withStorage(ctx context.Context, name string) (housetable.Warehouse, error) {
	if err := checkWarehouse("name", name); err != nil {
		return housetable.Warehouse{}, err
	}
	w, err := s.store.Warehouse(ctx, name)
	if err == nil && w.Storage == nil {
		err = fault.New(fault.Invalid, "warehouse %q has no storage of its own: it lies where the catalog service is set up to put it", name)
	}
	return w, err
}

// admission is the storage that a request asks for, after it was tried.
type admission struct {
	// new is nil when the request is about other things.
	new *housetable.Storage
	// version is of the warehouse whose secrets were kept.
	version int64
}

type admissionKey struct{}

// prepared carries the admission of a request that is to run in a transaction: a
// store is no company for one.
func (s *warehouseService) prepared(ctx context.Context, request proto.Message) (context.Context, error) {
	admitted, err := s.admitted(ctx, request)
	return context.WithValue(ctx, admissionKey{}, admitted), err
}

func (s *warehouseService) admitted(ctx context.Context, request proto.Message) (a admission, err error) {
	if admitted, prepared := ctx.Value(admissionKey{}).(admission); prepared {
		return admitted, nil
	}
	switch r := request.(type) {
	case *htsv1.CreateWarehouseRequest:
		if r.GetWarehouse().GetStorage() != nil {
			a.new, err = s.profiles.admit(ctx, r.GetWarehouse(), nil)
		}
	case *htsv1.UpdateWarehouseRequest:
		if r.GetStorage() == nil {
			return a, nil
		}
		was, err := s.store.Warehouse(ctx, r.GetName())
		if err != nil {
			return a, err
		}
		a.version = was.Version
		a.new, err = s.profiles.admit(ctx, &htsv1.Warehouse{Name: was.Name, Location: was.Location, Storage: r.GetStorage()}, was.Storage)
		return a, err
	}
	return a, err
}
