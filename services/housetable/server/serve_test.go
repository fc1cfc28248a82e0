package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// TestServe takes the way of an operator: serve on an empty database, read why
// it is not ready, migrate, serve, end.
func TestServe(t *testing.T) {
	url := pgtest.New(t, nil)
	port, err := proctest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	s, err := server.New(t.Context(), server.Config{DatabaseURL: url, GRPCListen: address, HTTPListen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()

	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = htsv1.NewWarehouseServiceClient(conn).GetWarehouse(t.Context(), &htsv1.GetWarehouseRequest{}, grpc.WaitForReady(true))
	if err = fault.FromStatus(err, fault.Internal); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "housetable migrate") {
		t.Fatalf("before the migration: %v", err)
	}
	if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "schema is at version 0, this build needs ") {
		t.Fatalf("ready before the migration: %v", err)
	}
	for range 2 { // a second time changes nothing
		if err := server.Migrate(t.Context(), url); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	w, err := htsv1.NewWarehouseServiceClient(conn).GetWarehouse(t.Context(), &htsv1.GetWarehouseRequest{})
	if err != nil || w.GetWarehouse().GetName() != "default" {
		t.Fatalf("the default warehouse: %v, %v", w, err)
	}
	if h, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil || h.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Fatalf("health: %v, %v", h, err)
	}
	end()
	select {
	case err := <-served:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("serving does not end")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
