package bench

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

const (
	// creators is how many callers create tables, created how many tables they
	// create in one turn.
	creators = 16
	created  = creators * 200
)

// creates compares creations that take a location and a uuid where there are many
// of them with the same where there are few, and with creations that take none.
func creates(b *testing.B, w *world) []benchtest.Finding {
	b.Helper()
	flat := benchtest.Finding{
		What: "create at a location among 1,000,000: Postgres CPU", Against: "among 1,000", Unit: "µs", Reach: benchtest.AtMost(1.25),
	}
	plain := benchtest.Finding{What: "the same", Against: "create without a location", Unit: "µs"}
	for range rounds {
		few := w.createAll(b, w.few, true)
		there := w.createAll(b, w.many, true)
		none := w.createAll(b, w.many, false)
		flat.Ours, flat.Theirs = append(flat.Ours, there), append(flat.Theirs, few)
		plain.Ours, plain.Theirs = append(plain.Ours, there), append(plain.Theirs, none)
	}
	return []benchtest.Finding{flat, plain}
}

// createAll has callers create tables, and returns what each cost Postgres.
func (w *world) createAll(b *testing.B, s *service, located bool) float64 {
	b.Helper()
	client := htsv1.NewCommitServiceClient(s.conn)
	first := s.next
	s.next += created
	return w.spent(b, created, func() {
		var wait sync.WaitGroup
		for caller := range creators {
			wait.Go(func() {
				for at := first + caller; at < first+created; at += creators {
					response, err := client.Commit(b.Context(), createRequest(at, located))
					if err != nil || response.GetCommitted() == nil {
						b.Errorf("table %d: %v, %v", at, response, err)
						return
					}
				}
			})
		}
		wait.Wait()
	}).postgres
}

func createRequest(id int, located bool) *htsv1.CommitRequest {
	create := &htsv1.CreateTable{
		Key: &htsv1.TableKey{DatabaseId: "db", TableId: "new" + strconv.Itoa(id)}, Kind: htsv1.TableKind_TABLE_KIND_TABLE, MetadataLocation: location(id, 1),
	}
	if located {
		create.Location, create.MetadataUuid = fmt.Sprintf("s3://warehouse/db/new%d", id), operationID().bytes()
	}
	return &htsv1.CommitRequest{
		Principal: "alice", RequestId: operationID().text(),
		Operations: []*htsv1.Operation{{
			Id: operationID().bytes(), Fingerprint: make([]byte, 32), Kind: "createTable",
			Outcome: &htsv1.Outcome{Status: 200, MetadataLocations: []string{location(id, 1)}},
		}},
		Changes: []*htsv1.Change{{Change: &htsv1.Change_CreateTable{CreateTable: create}}},
	}
}
