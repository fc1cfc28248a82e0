package server_test

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
)

// TestWhoHasStorageTried: with issuers configured, only the house table service may
// have stores tried with the catalog's credentials.
func TestWhoHasStorageTried(t *testing.T) {
	p := idptest.New(t)
	port, err := proctest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	internal := fmt.Sprintf("127.0.0.1:%d", port)
	cfg := config(t)
	cfg.Listen, cfg.InternalListen, cfg.TrustedServices = "127.0.0.1:0", internal, []string{"corp:housetable"}
	cfg.AuthIssuers, cfg.AuthAudiences = []string{"corp=" + p.URL}, []string{"igloo"}
	s := open(t, cfg, htsfake.New().Conn())
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	for subject, want := range map[string]codes.Code{"": codes.Unauthenticated, "alice": codes.PermissionDenied, "housetable": codes.InvalidArgument} {
		file := ""
		if subject != "" {
			file = p.TokenFile(t, idptest.Claims{"sub": subject})
		}
		conn, err := grpcclient.Dial(internal, authn.CarryFile(file)...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = htsv1.NewProbeServiceClient(conn).ProbeStorage(t.Context(), &htsv1.ProbeStorageRequest{Warehouse: &htsv1.Warehouse{Name: "w"}}, grpc.WaitForReady(true))
		if status.Code(err) != want {
			t.Errorf("as %q: %v, want %v", subject, err, want)
		}
		_ = conn.Close()
	}
}
