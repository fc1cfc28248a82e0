package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
	"github.com/igloo-catalog/igloo/services/catalog/server"
)

// refusing is a connection on which everything is refused, if refusal is not nil.
type refusing struct {
	grpc.ClientConnInterface

	refusal error
}

// Invoke implements grpc.ClientConnInterface.
func (r *refusing) Invoke(ctx context.Context, method string, args, reply any, options ...grpc.CallOption) error {
	if r.refusal != nil {
		return r.refusal
	}
	return r.ClientConnInterface.Invoke(ctx, method, args, reply, options...)
}

// TestNotReadyForWhoIsNotTrusted: who the house table service takes the catalog for, and
// what to set there, is told by the probe and once by the log.
func TestNotReadyForWhoIsNotTrusted(t *testing.T) {
	const refusal = "corp:catalog may not describe warehouse default"
	conn, written := &refusing{ClientConnInterface: htsfake.New().Conn()}, &bytes.Buffer{}
	s, err := server.New(t.Context(), config(t), conn, slog.New(slog.NewTextHandler(written, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for range 2 {
		conn.refusal = fault.Status(fault.New(fault.Forbidden, refusal)).Err()
		for range 3 {
			if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "in trusted-service there") || !strings.Contains(err.Error(), refusal) {
				t.Error(err)
			}
		}
		conn.refusal = nil
		if err := s.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if told := strings.Count(written.String(), "in trusted-service there"); told != 2 || !strings.Contains(written.String(), refusal) {
		t.Errorf("told %d times: %s", told, written)
	}
}
