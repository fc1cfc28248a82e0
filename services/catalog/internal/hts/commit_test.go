package hts_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
)

func id(levels catalog.Namespace, name string) catalog.TableIdentifier {
	return catalog.TableIdentifier{Namespace: levels, Name: name}
}

func commit(changes ...catalog.Change) catalog.Commit {
	return catalog.Commit{
		Warehouse: "default", Records: []catalog.Record{record()},
		Changes: changes, Principal: "somebody", RequestID: "r",
	}
}

func record() catalog.Record {
	return catalog.Record{
		Operation: catalog.Operation{ID: uuid.New(), Fingerprint: []byte{1}, Kind: "test"},
		Outcome:   catalog.Outcome{Status: 200, MetadataLocations: []string{"a"}, Body: []byte("{}")},
	}
}

// TestChanges sends every change there is, and reads what came of it.
func TestChanges(t *testing.T) {
	pointers := hts.New(htsfake.New().Conn())
	apply := func(changes ...catalog.Change) {
		t.Helper()
		if verdict, err := pointers.Commit(t.Context(), commit(changes...)); err != nil || verdict.Replays != nil || verdict.Conflicts != nil {
			t.Fatalf("%+v, %v", verdict, err)
		}
	}
	ns := catalog.Namespace{"a.b", "c"}
	apply(catalog.CreateNamespace{Namespace: ns[:1], Properties: map[string]string{"k": "v", "l": "w"}})
	apply(catalog.CreateNamespace{Namespace: ns}, catalog.UpdateNamespace{Namespace: ns[:1], Updates: map[string]string{"m": "x"}, Removals: []string{"k"}})
	if got, err := pointers.Namespace(t.Context(), "default", ns[:1]); err != nil || !cmp.Equal(got, map[string]string{"l": "w", "m": "x"}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, _, err := pointers.Namespaces(t.Context(), "default", ns[:1], catalog.Page{}); err != nil || !cmp.Equal(got, []catalog.Namespace{ns}) {
		t.Errorf("%v, %v", got, err)
	}
	apply(
		catalog.CreatePointer{Identifier: id(ns, "t"), Kind: catalog.TableKind, MetadataLocation: "1"},
		catalog.CreatePointer{Identifier: id(ns, "v"), Kind: catalog.ViewKind, MetadataLocation: "1"},
	)
	p, err := pointers.Pointer(t.Context(), "default", id(ns, "t"))
	if err != nil || p.Version != 1 || p.Kind != catalog.TableKind || !p.Identifier.Equal(id(ns, "t")) || p.UUID == uuid.Nil {
		t.Fatalf("%+v, %v", p, err)
	}
	apply(catalog.SwapPointer{Identifier: id(ns, "t"), Expect: catalog.Expectation{UUID: p.UUID, Version: 1, Kind: catalog.TableKind}, MetadataLocation: "2"})
	apply(catalog.RenamePointer{Identifier: id(ns, "t"), Expect: catalog.Expectation{Kind: catalog.TableKind}, Destination: id(ns, "u")})
	if found, err := pointers.Pointers(t.Context(), "default", []catalog.TableIdentifier{id(ns, "t"), id(ns, "u"), id(ns, "v")}); err != nil || len(found) != 2 {
		t.Errorf("%+v, %v", found, err)
	}
	if names, err := pointers.List(t.Context(), "default", ns, catalog.ViewKind, catalog.Page{}, nil); err != nil || !cmp.Equal(names.All, []string{"v"}) {
		t.Errorf("%v, %v", names, err)
	}
	apply(catalog.DropPointer{Identifier: id(ns, "u")}, catalog.DropPointer{Identifier: id(ns, "v")})
	apply(catalog.DropNamespace{Namespace: ns})
}

func TestConflicts(t *testing.T) {
	pointers := hts.New(htsfake.New().Conn())
	ns := catalog.Namespace{"n"}
	if _, err := pointers.Commit(t.Context(), commit(catalog.CreateNamespace{Namespace: ns})); err != nil {
		t.Fatal(err)
	}
	held := catalog.Holds{Location: "file:/t", MetadataUUID: uuid.New()}
	if _, err := pointers.Commit(t.Context(), commit(catalog.CreatePointer{Identifier: id(ns, "t"), Kind: catalog.TableKind, MetadataLocation: "1", Holds: held})); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change catalog.Change
		reason catalog.Reason
	}{
		"missing":      {catalog.DropPointer{Identifier: id(ns, "x")}, catalog.PointerMissing},
		"exists":       {catalog.CreatePointer{Identifier: id(ns, "t"), Kind: catalog.ViewKind, MetadataLocation: "1"}, catalog.PointerExists},
		"moved":        {catalog.SwapPointer{Identifier: id(ns, "t"), Expect: catalog.Expectation{Version: 7}, MetadataLocation: "2"}, catalog.PointerMoved},
		"other kind":   {catalog.DropPointer{Identifier: id(ns, "t"), Expect: catalog.Expectation{Kind: catalog.ViewKind}}, catalog.PointerMoved},
		"no namespace": {catalog.CreatePointer{Identifier: id(catalog.Namespace{"x"}, "t"), Kind: catalog.TableKind, MetadataLocation: "1"}, catalog.NamespaceMissing},
		"namespace":    {catalog.CreateNamespace{Namespace: ns}, catalog.NamespaceExists},
		"location": {
			catalog.CreatePointer{Identifier: id(ns, "u"), Kind: catalog.TableKind, MetadataLocation: "1", Holds: catalog.Holds{Location: "file:/t/u"}}, catalog.LocationTaken,
		},
		"uuid": {
			catalog.CreatePointer{Identifier: id(ns, "u"), Kind: catalog.TableKind, MetadataLocation: "1", Holds: held}, catalog.UUIDTaken,
		},
		"occupied": {catalog.DropNamespace{Namespace: ns}, catalog.NamespaceOccupied},
	} {
		t.Run(name, func(t *testing.T) {
			verdict, err := pointers.Commit(t.Context(), commit(test.change))
			if err != nil || len(verdict.Conflicts) != 1 || verdict.Conflicts[0].Reason != test.reason {
				t.Fatalf("%+v, %v", verdict, err)
			}
			if c := verdict.Conflicts[0]; test.reason == catalog.PointerMoved && (c.Current == nil || c.Winner == nil || c.Winner.Principal != "somebody" || c.Winner.Version != 1) {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestReplay(t *testing.T) {
	pointers := hts.New(htsfake.New().Conn())
	c := commit(catalog.CreateNamespace{Namespace: catalog.Namespace{"n"}})
	c.Records = append(c.Records, record())
	if _, err := pointers.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	again := c
	again.Records = []catalog.Record{record(), c.Records[1]}
	for _, test := range []catalog.Commit{c, again} {
		want := map[uuid.UUID]catalog.Outcome{c.Records[1].Operation.ID: c.Records[1].Outcome}
		if test.Records[0].Operation.ID == c.Records[0].Operation.ID {
			want[c.Records[0].Operation.ID] = c.Records[0].Outcome
		}
		if verdict, err := pointers.Commit(t.Context(), test); err != nil || !cmp.Equal(verdict.Replays, want) {
			t.Errorf("%+v, %v, want %+v", verdict, err, want)
		}
	}
	c.Records[0].Operation.Fingerprint = []byte{2}
	if _, err := pointers.Commit(t.Context(), c); !fault.Is(err, fault.OperationReused) {
		t.Errorf("%v", err)
	}
}

// TestAnswersThatTellNothing has what a commit may come back with when nobody
// can say whether it was applied: none of it may look like a failure.
func TestAnswersThatTellNothing(t *testing.T) {
	replay := &htsv1.CommitResponse{Result: &htsv1.CommitResponse_Replay{Replay: &htsv1.Replay{}}}
	conflict := &htsv1.CommitResponse{Result: &htsv1.CommitResponse_Conflict{Conflict: &htsv1.Conflict{}}}
	for name, test := range map[string]struct {
		answer *htsv1.CommitResponse
		err    error
	}{
		"unavailable":           {nil, status.Error(codes.Unavailable, "x")},
		"deadline":              {nil, status.Error(codes.DeadlineExceeded, "x")},
		"cancelled":             {nil, status.Error(codes.Canceled, "x")},
		"unknown":               {nil, status.Error(codes.Unknown, "x")},
		"said so":               {nil, fault.New(fault.UnknownOutcome, "x")},
		"no result":             {&htsv1.CommitResponse{}, nil},
		"replay of another":     {replay, nil},
		"conflict over nothing": {conflict, nil},
	} {
		t.Run(name, func(t *testing.T) {
			fake := htsfake.New()
			fake.SetIntercept(func(context.Context, *htsv1.CommitRequest, func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
				return test.answer, test.err
			})
			_, err := hts.New(fake.Conn()).Commit(t.Context(), commit(catalog.CreateNamespace{Namespace: catalog.Namespace{"n"}}))
			if !fault.Is(err, fault.UnknownOutcome) {
				t.Errorf("%v", err)
			}
		})
	}
}

// silent is the way to a service that takes connections and says nothing.
func silent(t *testing.T) *grpc.ClientConn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	conn, err := grpcclient.Dial(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestReadsThatEnd(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := hts.New(silent(t)).Pointer(ctx, "default", id(catalog.Namespace{"n"}, "t"))
	if !fault.Is(err, fault.Unavailable) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
