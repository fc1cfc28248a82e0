package rpc

import (
	"context"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

type warehouseService struct {
	htsv1.UnimplementedWarehouseServiceServer
	store housetable.Warehouses
}

// CreateWarehouse creates a warehouse.
func (s *warehouseService) CreateWarehouse(ctx context.Context, r *htsv1.CreateWarehouseRequest) (*htsv1.CreateWarehouseResponse, error) {
	w := r.GetWarehouse()
	if err := firstError(checkWarehouse("warehouse.name", w.GetName()),
		checkText("warehouse.location", w.GetLocation(), maxLocationBytes),
		checkProperties("warehouse.properties", w.GetProperties())); err != nil {
		return nil, err
	}
	stored, err := s.store.CreateWarehouse(ctx, housetable.Warehouse{
		Name: w.GetName(), Location: w.GetLocation(), Properties: w.GetProperties(), CaseInsensitive: w.GetCaseInsensitive(),
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
	response := &htsv1.ListWarehousesResponse{NextPageToken: pageToken(of, next)}
	for _, w := range warehouses {
		response.Warehouses = append(response.Warehouses, toWarehouse(w))
	}
	return response, nil
}

// UpdateWarehouse changes single properties.
func (s *warehouseService) UpdateWarehouse(ctx context.Context, r *htsv1.UpdateWarehouseRequest) (*htsv1.UpdateWarehouseResponse, error) {
	if err := firstError(checkWarehouse("name", r.GetName()), checkUpdate("", r.GetUpdates(), r.GetRemovals())); err != nil {
		return nil, err
	}
	w, err := s.store.UpdateWarehouse(ctx, housetable.WarehouseUpdate{
		Name: r.GetName(), Updates: r.GetUpdates(), Removals: r.GetRemovals(), ExpectedVersion: r.GetExpectedVersion(),
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
