package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// TestKnownLists: a list that has not changed since the caller's mark is not told
// again, and any other is.
func TestKnownLists(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			if err := commitFor(t, s.Conn(), "corp:alice", "a"); err != nil {
				t.Fatal(err)
			}
			list := func(q *htsv1.ListTablesRequest) *htsv1.ListTablesResponse {
				q.DatabaseId, q.InLines = "a", true
				r, err := htsv1.NewTableServiceClient(s.Conn()).ListTables(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			mark := settledMark(t.Context(), t, list)
			want := &htsv1.ListTablesResponse{Lines: "t"}
			for name, q := range map[string]*htsv1.ListTablesRequest{
				"nothing known":      {NamesOnly: true, Known: new("")},
				"of no list":         {NamesOnly: true, Known: new("x")},
				"a part":             {NamesOnly: true, Known: new(mark[:len(mark)-1])},
				"of another list":    {NamesOnly: true, Known: new("x" + mark)},
				"of a list of views": {NamesOnly: true, Known: new(list(&htsv1.ListTablesRequest{NamesOnly: true, Kind: htsv1.TableKind_TABLE_KIND_VIEW, Known: new("")}).GetMark())},
			} {
				got := list(q)
				if got.GetMark() == "" {
					t.Errorf("%s: no mark", name)
				}
				got.Mark = ""
				if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			for name, q := range map[string]*htsv1.ListTablesRequest{
				"not asked for": {NamesOnly: true}, "not names": {Known: &mark}, "not all": {NamesOnly: true, Known: &mark, Visibility: &htsv1.Visibility{Owner: "corp:alice"}},
			} {
				if got := list(q); got.GetMark() != "" || got.GetUnchanged() || got.GetLines() == "" && len(got.GetTables()) != 1 {
					t.Errorf("%s: %v", name, got)
				}
			}
		})
	}
}

// settledMark is a mark of a list that is known then: what is under way in other
// tests may spoil one.
func settledMark(ctx context.Context, t *testing.T, list func(*htsv1.ListTablesRequest) *htsv1.ListTablesResponse) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		mark := list(&htsv1.ListTablesRequest{NamesOnly: true, Known: new("")}).GetMark()
		again := list(&htsv1.ListTablesRequest{NamesOnly: true, Known: &mark})
		if diff := cmp.Diff(&htsv1.ListTablesResponse{Mark: mark, Unchanged: true}, again, protocmp.Transform()); diff == "" {
			return mark
		}
	}
	t.Fatal("no list is known")
	return ""
}
