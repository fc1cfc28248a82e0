package hts_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/hts"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
)

// asked is a house table service that notes what it is asked for. An old one does
// not know of sites; one that is away fails the calls of that name.
type asked struct {
	grpc.ClientConnInterface
	old  bool
	away string

	mu    sync.Mutex
	calls []string
}

func (a *asked) Invoke(ctx context.Context, method string, request, answer any, options ...grpc.CallOption) error {
	name := method[strings.LastIndex(method, "/")+1:]
	a.mu.Lock()
	a.calls = append(a.calls, name)
	a.mu.Unlock()
	if name == a.away {
		return status.Error(codes.Unavailable, "away")
	}
	time.Sleep(time.Millisecond)
	err := a.ClientConnInterface.Invoke(ctx, method, request, answer, options...)
	if batch, ok := answer.(*htsv1.BatchGetTablesResponse); ok && a.old {
		batch.Warehouse, batch.Namespaces, batch.NamespaceOf = nil, nil, nil
	}
	return err
}

// streets is a service with one namespace, in which a table and a function stand.
func streets(t *testing.T) *htsfake.Fake {
	t.Helper()
	f := htsfake.New()
	f.SetWarehouseProperties("default", map[string]string{"p": "q"})
	for _, change := range []catalog.Change{
		catalog.CreateNamespace{Namespace: catalog.Namespace{"n"}, Properties: map[string]string{"k": "v"}},
		catalog.CreatePointer{Identifier: id(catalog.Namespace{"n"}, "t"), Kind: catalog.TableKind, MetadataLocation: "1"},
		catalog.CreatePointer{Identifier: id(catalog.Namespace{"n"}, "f"), Kind: catalog.FunctionKind, MetadataLocation: "1"},
	} {
		if _, err := hts.New(f.Conn()).Commit(t.Context(), commit(change)); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// TestSite: what a creation has to know is the same of every service, and of one that
// can tell it at once it is asked for at once.
func TestSite(t *testing.T) {
	f := streets(t)
	for name, c := range map[string]struct {
		warehouse, namespace, name string
		kind                       catalog.Kind
		stands                     catalog.Kind
		want                       fault.Kind
	}{
		"free":                    {"default", "n", "u", catalog.TableKind, 0, 0},
		"taken":                   {"default", "n", "t", catalog.ViewKind, catalog.TableKind, 0},
		"no table's name":         {"default", "n", "f", catalog.TableKind, 0, 0},
		"a function's":            {"default", "n", "f", catalog.FunctionKind, catalog.FunctionKind, 0},
		"no namespace":            {"default", "m", "t", catalog.TableKind, 0, fault.NoSuchNamespace},
		"no warehouse":            {"w", "n", "t", catalog.TableKind, 0, fault.NoSuchWarehouse},
		"no function's namespace": {"default", "m", "f", catalog.FunctionKind, 0, fault.NoSuchNamespace},
	} {
		for _, old := range []bool{false, true} {
			conn := &asked{ClientConnInterface: f.Conn(), old: old}
			site, err := hts.New(conn).Site(t.Context(), c.warehouse, id(catalog.Namespace{c.namespace}, c.name), c.kind)
			if c.want != 0 {
				if !fault.Is(err, c.want) {
					t.Errorf("%s, old %v: %v", name, old, err)
				}
				continue
			}
			if err != nil || site.Warehouse.Name != "default" || site.Warehouse.Properties["p"] != "q" || site.Properties["k"] != "v" {
				t.Errorf("%s, old %v: %+v, %v", name, old, site, err)
			}
			if (site.Standing != nil) != (c.stands != 0) || site.Standing != nil && site.Standing.Kind != c.stands {
				t.Errorf("%s, old %v: %+v stands", name, old, site.Standing)
			}
			if calls := len(conn.calls); !old && calls != 1 {
				t.Errorf("%s: calls %v", name, conn.calls)
			}
		}
	}
}

// TestSiteOfWhoIsAway: nobody is told that a name is free because it is not known.
func TestSiteOfWhoIsAway(t *testing.T) {
	f := streets(t)
	for _, away := range []string{"BatchGetTables", "GetTable", "GetNamespace", "GetWarehouse"} {
		conn := &asked{ClientConnInterface: f.Conn(), old: true, away: away}
		site, err := hts.New(conn).Site(t.Context(), "default", id(catalog.Namespace{"n"}, "u"), catalog.TableKind)
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %+v, %v", away, site, err)
		}
	}
}

// TestSitesGoTogether: who asks while others do goes with them, and each is told of
// its own place.
func TestSitesGoTogether(t *testing.T) {
	f := streets(t)
	for _, old := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			conn := &asked{ClientConnInterface: f.Conn(), old: old}
			pointers := hts.New(conn)
			var wait sync.WaitGroup
			for _, name := range []string{"n.a", "n.t", "m.t", "n.b", "n.t"} {
				wait.Go(func() {
					ns, table, _ := strings.Cut(name, ".")
					site, err := pointers.Site(t.Context(), "default", id(catalog.Namespace{ns}, table), catalog.TableKind)
					switch {
					case ns == "m" && !fault.Is(err, fault.NoSuchNamespace), ns == "n" && err != nil:
						t.Errorf("%s: %v", name, err)
					case (site.Standing != nil) != (name == "n.t"):
						t.Errorf("%s: %+v stands", name, site.Standing)
					}
				})
				synctest.Wait()
			}
			wait.Wait()
			if !old && !slices.Equal(conn.calls, []string{"BatchGetTables", "BatchGetTables"}) {
				t.Errorf("calls %v", conn.calls)
			}
		})
	}
}

// TestSiteAtFaultIsAlone: one that the service refuses keeps no others from theirs.
func TestSiteAtFaultIsAlone(t *testing.T) {
	f := streets(t)
	synctest.Test(t, func(t *testing.T) {
		pointers := hts.New(&refusing{ClientConnInterface: f.Conn()})
		var wait sync.WaitGroup
		for _, name := range []string{"a", "b", "secret", "c"} {
			wait.Go(func() {
				_, err := pointers.Site(t.Context(), "default", id(catalog.Namespace{"n"}, name), catalog.TableKind)
				if fault.Is(err, fault.Forbidden) != (name == "secret") || name != "secret" && err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
			synctest.Wait()
		}
		wait.Wait()
	})
}

// refusing is a house table service that lets nobody see what is called secret.
type refusing struct{ grpc.ClientConnInterface }

func (r *refusing) Invoke(ctx context.Context, method string, request, answer any, options ...grpc.CallOption) error {
	time.Sleep(time.Millisecond)
	if batch, ok := request.(*htsv1.BatchGetTablesRequest); ok {
		for _, key := range batch.GetKeys() {
			if key.GetTableId() == "secret" {
				return fault.Status(fault.New(fault.Forbidden, "secret")).Err()
			}
		}
	}
	return r.ClientConnInterface.Invoke(ctx, method, request, answer, options...)
}
