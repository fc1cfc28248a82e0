package server_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

func TestServesInProcess(t *testing.T) {
	ctx := context.Background()
	s, err := server.New(ctx, server.Config{DatabaseURL: "sqlite://" + filepath.Join(t.TempDir(), "igloo.db")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	op := func(n byte) []*htsv1.Operation {
		id := make([]byte, 16)
		id[0] = n
		return []*htsv1.Operation{{Id: id, Outcome: &htsv1.Outcome{Status: 200}}}
	}
	commits := htsv1.NewCommitServiceClient(s.Conn())
	r, err := commits.Commit(ctx, &htsv1.CommitRequest{Operations: op(1), Changes: []*htsv1.Change{{Change: &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{DatabaseId: "db"}}}}})
	if err != nil || r.GetCommitted() == nil {
		t.Fatalf("create namespace: %v %v", r, err)
	}
	tables := htsv1.NewUserTableServiceClient(s.Conn())
	str := func(s string) *string { return &s }
	p, err := tables.PutUserTable(ctx, &htsv1.PutUserTableRequest{Entity: &htsv1.UserTable{DatabaseId: str("db"), TableId: str("t"), MetadataLocation: str("/1")}})
	if err != nil {
		t.Fatal(err)
	}
	p, err = tables.PutUserTable(ctx, &htsv1.PutUserTableRequest{Entity: &htsv1.UserTable{DatabaseId: str("db"), TableId: str("t"), TableVersion: p.GetEntity().TableVersion, MetadataLocation: str("/2")}})
	if err != nil || p.GetEntity().GetTableVersion() != "/2" {
		t.Fatal(p, err)
	}
}
