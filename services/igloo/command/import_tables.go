package command

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/authn"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/igloo/backup"
)

// nobody is the principal who owns nothing.
const nobody = authn.Anonymous

func (i *imported) table(ctx context.Context, line backup.Line) error {
	exported := &htsv1.ExportedTable{}
	if err := decode("table", line.Value, exported); err != nil {
		return err
	}
	return i.wait(ctx, i.creation(line, exported), cmp.Or(exported.GetTable().GetOwner(), nobody))
}

// creation makes a house table that points where the exported one does, and holds
// what it held.
func (i *imported) creation(line backup.Line, exported *htsv1.ExportedTable) item {
	t := exported.GetTable()
	return item{
		line: line, name: keyText(t.GetKey()), operation: i.header.Operation(line, "create"),
		change: &htsv1.Change{Change: &htsv1.Change_CreateTable{CreateTable: &htsv1.CreateTable{
			Key: t.GetKey(), Kind: t.GetKind(), MetadataLocation: t.GetMetadataLocation(), StorageType: t.GetStorageType(),
			CreationTimeMs: t.CreationTimeMs, Location: exported.GetLocation(), MetadataUuid: exported.GetMetadataUuid(),
		}}},
		judge: func(_ context.Context, c *htsv1.ChangeConflict) (string, error) { return differentTable(t, c), nil },
	}
}

func keyText(key *htsv1.TableKey) string { return key.GetDatabaseId() + "." + key.GetTableId() }

// differentTable is in what the house table that is there is another one; empty
// when it is the same.
func differentTable(t *htsv1.HouseTable, c *htsv1.ChangeConflict) string {
	is := c.GetCurrent()
	if c.GetReason() != htsv1.ConflictReason_CONFLICT_REASON_TABLE_EXISTS {
		return inTheWay(c)
	}
	switch {
	case is.GetKind() != t.GetKind():
		return "is there, and is a " + kindText(is.GetKind())
	case is.GetMetadataLocation() != t.GetMetadataLocation():
		return fmt.Sprintf("is there, and its metadata is at %s, and not at %s", is.GetMetadataLocation(), t.GetMetadataLocation())
	case is.GetOwner() != t.GetOwner():
		return fmt.Sprintf("is there, and its owner is %q, and not %q", is.GetOwner(), t.GetOwner())
	case is.GetStorageType() != t.GetStorageType() || is.GetCreationTimeMs() != t.GetCreationTimeMs():
		return "is there, with another storage type or creation time"
	}
	return ""
}

func kindText(kind htsv1.TableKind) string {
	return strings.ToLower(strings.TrimPrefix(kind.String(), "TABLE_KIND_"))
}

// inTheWay says why a change does not apply, and who is in the way.
func inTheWay(c *htsv1.ChangeConflict) string {
	text := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(c.GetReason().String(), "CONFLICT_REASON_"), "_", " "))
	if c.GetLocation() != "" {
		text += ": " + c.GetLocation()
	}
	if c.GetCurrent() != nil {
		text += ", by " + keyText(c.GetCurrent().GetKey())
	}
	if c.GetJobId() != "" {
		text += ", by job " + c.GetJobId()
	}
	return text
}

// generation tells what was soft-deleted from others.
type generation [sha256.Size]byte

func generationOf(t *htsv1.HouseTable) generation {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %t %d %q %q %d", t.GetKey().GetDatabaseId(), t.GetKey().GetTableId(), t.GetKey().GetFunction(),
		t.GetKind(), t.GetMetadataLocation(), t.GetOwner(), t.GetPurgeAfterMs()))
}

// generations are what is soft-deleted in a warehouse: 32 bytes each, of what was
// dropped within the time that such things are kept.
func (i *imported) generations(ctx context.Context, warehouse string) (map[generation]bool, error) {
	found := map[generation]bool{}
	query := url.Values{"warehouse": {warehouse}, "softDeleted": {"true"}, "pageSize": {exportPage}}
	for answer, err := range i.each(ctx, "tables", call{path: []string{"export", "tables"}, query: query}) {
		if err != nil {
			return nil, err
		}
		exported := &htsv1.ExportedTable{}
		if err := decode("table", answer, exported); err != nil {
			return nil, err
		}
		found[generationOf(exported.GetTable())] = true
	}
	return found, nil
}

// softDeleted makes a house table and drops it softly. Whoever died between the two
// goes on with the second.
func (i *imported) softDeleted(ctx context.Context, line backup.Line) error {
	exported := &htsv1.ExportedTable{}
	if err := decode("table", line.Value, exported); err != nil {
		return err
	}
	t := exported.GetTable()
	if i.gone[generationOf(t)] {
		i.have()
		return nil
	}
	owner := cmp.Or(t.GetOwner(), nobody)
	made, there, failed := i.made, i.there, i.failed
	if err := i.commit(ctx, []item{i.creation(line, exported)}, owner); err != nil || i.failed > failed {
		return err
	}
	i.made, i.there = made, there // the line counts once, when it is dropped
	i.told.add(-1)
	drop := item{
		line: line, name: keyText(t.GetKey()), operation: i.header.Operation(line, "drop"),
		change: &htsv1.Change{Change: &htsv1.Change_DropTable{DropTable: &htsv1.DropTable{
			Key: t.GetKey(), Soft: true, PurgeAfterMs: t.GetPurgeAfterMs(),
			Expect: &htsv1.Expectation{Version: new(int64(1)), MetadataLocation: &t.MetadataLocation, Kind: t.GetKind()},
		}}},
		judge: func(_ context.Context, c *htsv1.ChangeConflict) (string, error) {
			return "was made, and cannot be dropped again: " + inTheWay(c), nil
		},
	}
	return i.commit(ctx, []item{drop}, owner)
}

func (i *imported) job(ctx context.Context, line backup.Line) error {
	j := &htsv1.Job{}
	if err := decode("job", line.Value, j); err != nil {
		return err
	}
	put := proto.CloneOf(j)
	put.Version = nil
	there := url.Values{"warehouse": {line.Warehouse}, "jobId": {j.GetJobId()}}
	answer, err := i.ask(ctx, call{method: http.MethodGet, path: []string{"jobs"}, query: there})
	switch {
	case refusedAs(err, http.StatusNotFound):
		return i.makeJob(ctx, line, put)
	case err != nil:
		return err
	}
	found := &htsv1.GetJobResponse{}
	if err := decode("job", answer, found); err != nil {
		return err
	}
	found.GetEntity().Version = nil
	if !proto.Equal(found.GetEntity(), put) {
		i.differ(line, j.GetJobId(), "is there, and is another one")
		return nil
	}
	i.have()
	return nil
}

func (i *imported) makeJob(ctx context.Context, line backup.Line, j *htsv1.Job) error {
	request := &htsv1.PutJobRequest{Entity: j, Warehouse: line.Warehouse}
	_, err := i.ask(ctx, call{method: http.MethodPut, path: []string{"jobs"}, request: request})
	switch {
	case err == nil:
		i.create(1)
		return nil
	case refusedAs(err, http.StatusBadRequest, http.StatusConflict):
		i.differ(line, j.GetJobId(), "cannot be made: %v", err)
		return nil
	}
	return err
}
