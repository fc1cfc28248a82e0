package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/idptest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/igloo/load"
	"github.com/igloo-catalog/igloo/services/igloo/report"
)

const (
	manyTables = 100_000
	manyGrants = 10_000
	// asked is how many of the tables are loaded.
	asked  = 1000
	people = "people"
)

// BenchmarkAuthorization loads tables by a catalog that asks what the caller was
// granted, and by one that does not; both ask who the caller is. Alice was granted
// a role that may select in the namespace, Bob each of the tables.
func BenchmarkAuthorization(b *testing.B) {
	p := idptest.New(b)
	asks, free, tables := authorizing(b, p)
	found := []benchtest.Finding{}
	for b.Loop() {
		for _, who := range []string{"alice", "bob"} {
			token := p.Token(b, idptest.Claims{"sub": who})
			found = append(found, besideFree(b, who, open(b, asks, token, tables), open(b, free, token, tables))...)
		}
	}
	b.ReportMetric(0, "ns/op")
	benchtest.Report(b, "authorization", found)
}

// besideFree lets both take turns.
func besideFree(b *testing.B, who string, asks, free *entry) []benchtest.Finding {
	b.Helper()
	rates := benchtest.Finding{What: "loadTable by " + who + ", grants decide", Against: "everybody may do everything", Unit: "/s", Reach: benchtest.AtLeast(0.9)}
	costs := benchtest.Finding{What: "the same: CPU a load", Against: "of the other", Unit: "µs", Reach: benchtest.AtMost(1.1)}
	sides := []*entry{asks, free}
	plan := load.Plan{Connections: report.Sixteen, Duration: *turn}
	for _, side := range sides {
		if _, err := side.take(b.Context(), plan); err != nil {
			b.Fatal(err)
		}
	}
	for range *turns {
		for _, i := range rand.Perm(len(sides)) {
			if err := sides[i].measure(b, plan); err != nil {
				b.Fatal(err)
			}
		}
	}
	for i := range *turns {
		rates.Add(asks.series.Rate[i], free.series.Rate[i])
		costs.Add(asks.series.CPU()[i], free.series.CPU()[i])
	}
	return []benchtest.Finding{rates, costs}
}

// open makes the contestant load tables for whoever has the token.
func open(b *testing.B, c *contestant, token string, tables []string) *entry {
	b.Helper()
	c.target.Token = token
	catalog, err := load.Open(b.Context(), c.target, report.Sixteen)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(catalog.Close)
	return c.enter("loadTable", report.Sixteen, looped(catalog.Load(people, tables)))
}

// authorizing starts two catalogs on one house table service, which charge
// everything to both, and fills it; only one works at a time.
func authorizing(b *testing.B, p *idptest.Provider) (asks, free *contestant, tables []string) {
	b.Helper()
	asks = &contestant{name: "grants decide"}
	asks.ownPostgres(b)
	asks.migrate(b)
	issuer := []string{"--auth-issuer", "corp=" + p.URL, "--admin", "corp:root"}
	houses := asks.houseTables(b, slices.Concat(issuer, []string{"--trusted-service", "corp:catalog"})...)
	catalog := slices.Concat(issuer, []string{
		"--housetable", houses, "--housetable-token-file", p.TokenFile(b, idptest.Claims{"sub": "catalog"}),
		"--warehouse-root", "file://" + filepath.Join(b.TempDir(), "warehouse"),
	})
	free = &contestant{name: "no authorization", postgres: asks.postgres, services: slices.Clone(asks.services)}
	asks.target.URL = asks.catalog(b, slices.Concat(catalog, []string{"--authorization", "grants"})...)
	free.target.URL = free.catalog(b, slices.Concat(catalog, []string{"--authorization", "none"})...)
	return asks, free, fill(b, houses, asks.target.URL, p.Token(b, idptest.Claims{"sub": "root"}))
}

// fill makes the tables, all of one metadata file, and the grants; its result are
// the tables that are asked for.
func fill(b *testing.B, houses, url, token string) []string {
	b.Helper()
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(b.Context(), "authorization", "Bearer "+token), 5*startTimeout)
	defer cancel()
	location, err := load.OneTable(ctx, load.Target{URL: url, Token: token}, people)
	if err != nil {
		b.Fatal(err)
	}
	conn, err := grpcclient.Dial(houses)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	const batch = 1000
	for from := 0; from < manyTables; from += batch {
		if err := createTables(ctx, conn, location, from, batch); err != nil {
			b.Fatalf("create tables from %d: %v", from, err)
		}
	}
	if err := grant(ctx, conn); err != nil {
		b.Fatalf("grant: %v", err)
	}
	tables := make([]string, asked)
	for i := range tables {
		tables[i] = nameOf(i)
	}
	return tables
}

func nameOf(table int) string { return fmt.Sprintf("t%06d", table) }

func createTables(ctx context.Context, conn grpc.ClientConnInterface, location string, from, count int) error {
	id := uuid.Must(uuid.NewV7())
	request := &htsv1.CommitRequest{Operations: []*htsv1.Operation{{Id: id[:], Kind: "createTable", Outcome: &htsv1.Outcome{Status: 200}}}}
	for i := range count {
		request.Changes = append(request.Changes, &htsv1.Change{Change: &htsv1.Change_CreateTable{CreateTable: &htsv1.CreateTable{
			Key:  &htsv1.TableKey{DatabaseId: people, TableId: nameOf(from + i)},
			Kind: htsv1.TableKind_TABLE_KIND_TABLE, MetadataLocation: location,
		}}})
	}
	_, err := htsv1.NewCommitServiceClient(conn).Commit(ctx, request)
	for range tries {
		if status.Code(err) != codes.Unavailable {
			break
		}
		_, err = htsv1.NewCommitServiceClient(conn).Commit(ctx, request) // the same operation: at will
	}
	return err
}

// tries are how often a commit is sent again that a busy machine had no time for.
const tries = 5

// grant lets Alice's role select in the namespace, Bob select what is asked for, and
// a hundred others select the rest of so many tables.
func grant(ctx context.Context, conn grpc.ClientConnInterface) error {
	access := htsv1.NewAccessServiceClient(conn)
	if _, err := access.CreateRole(ctx, &htsv1.CreateRoleRequest{Role: &htsv1.Role{Name: "readers"}}); err != nil {
		return err
	}
	give := func(all ...*htsv1.Grant) error {
		_, err := access.Grant(ctx, &htsv1.GrantRequest{Grants: all})
		return err
	}
	if err := give(&htsv1.Grant{Object: &htsv1.AccessObject{Kind: "role", Role: "readers"}, Grantee: "user:corp:alice", Privilege: "member"}); err != nil {
		return err
	}
	namespace := &htsv1.AccessObject{Kind: "namespace", DatabaseId: people}
	if err := give(&htsv1.Grant{Object: namespace, Grantee: "role:readers", Privilege: "select"}); err != nil {
		return err
	}
	const batch = 100
	for from := 0; from < manyGrants; from += batch {
		some := make([]*htsv1.Grant, batch)
		for i := range some {
			some[i] = grantOf(from + i)
		}
		if err := give(some...); err != nil {
			return err
		}
	}
	return nil
}

func grantOf(table int) *htsv1.Grant {
	grantee := "user:corp:bob"
	if table >= asked {
		grantee = fmt.Sprintf("user:corp:u%d", table%100)
	}
	return &htsv1.Grant{
		Object:  &htsv1.AccessObject{Kind: "table", DatabaseId: people, TableId: nameOf(table)},
		Grantee: grantee, Privilege: "select",
	}
}
