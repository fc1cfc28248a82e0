package server_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/logtest"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
	"github.com/igloo-catalog/igloo/services/catalog/server"
)

// refusing is a connection on which everything is refused, while refusal is not nil.
type refusing struct {
	grpc.ClientConnInterface

	refusal atomic.Pointer[fault.Error]
}

// Invoke implements grpc.ClientConnInterface.
func (r *refusing) Invoke(ctx context.Context, method string, args, reply any, options ...grpc.CallOption) error {
	if refusal := r.refusal.Load(); refusal != nil {
		return fault.Status(refusal).Err()
	}
	return r.ClientConnInterface.Invoke(ctx, method, args, reply, options...)
}

// TestNotReadyForWhoIsNotTrusted: who the house table service takes the catalog for, and
// what to set there, is told by the probe and once by the log.
func TestNotReadyForWhoIsNotTrusted(t *testing.T) {
	const refusal = "corp:catalog may not describe warehouse default"
	conn, written := &refusing{ClientConnInterface: htsfake.New().Conn()}, &logtest.Lines{}
	s, err := server.New(t.Context(), config(t), conn, written.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for range 2 {
		conn.refusal.Store(fault.New(fault.Forbidden, refusal))
		for range 3 {
			if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "in trusted-service there") || !strings.Contains(err.Error(), refusal) {
				t.Error(err)
			}
		}
		conn.refusal.Store(nil)
		if err := s.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if told := strings.Count(written.String(), "in trusted-service there"); told != 2 || !strings.Contains(written.String(), refusal) {
		t.Errorf("told %d times: %s", told, written)
	}
}
