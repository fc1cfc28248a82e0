package chaos_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// sweepTime is how long after the last commit orphans may be left: a sweep asks for
// the operation of each of some ten thousand files.
const sweepTime = 3 * time.Minute

var metadataName = regexp.MustCompile(`^\d{5}-([0-9a-f-]{36})(-\d+)?\.metadata\.json$`)

// orphans waits until sweeps have done their work, and returns the files that
// should be gone by then: those that no record of an operation names.
func (c *cluster) orphans(t *testing.T) []string {
	t.Helper()
	conn, err := grpcclient.Dial(c.grpc[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	commits := htsv1.NewCommitServiceClient(conn)
	for limit := time.Now().Add(sweepTime); ; <-time.After(200 * time.Millisecond) {
		left := slices.DeleteFunc(c.metadataFiles(t), func(file string) bool {
			return recorded(t, commits, file)
		})
		if len(left) == 0 || time.Now().After(limit) {
			return left
		}
	}
}

// metadataFiles are all that lie in the warehouse.
func (c *cluster) metadataFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(c.warehouse, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".metadata.json") {
			files = append(files, "file://"+path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // swept just now
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// recorded reports whether a file's operation was applied with it.
func recorded(t *testing.T, commits htsv1.CommitServiceClient, file string) bool {
	t.Helper()
	name := metadataName.FindStringSubmatch(filepath.Base(file))
	if name == nil {
		return false
	}
	id := uuid.MustParse(name[1])
	operation := operationOf(t, commits, id)
	return slices.Contains(operation.GetOperation().GetOutcome().GetMetadataLocations(), file)
}

// operationOf is nil when there is none. A connection that was harmed may show only when
// it is next used: who has no answer asks again.
func operationOf(t *testing.T, commits htsv1.CommitServiceClient, id uuid.UUID) *htsv1.RecordedOperation {
	t.Helper()
	for limit := time.Now().Add(persistence); ; <-time.After(50 * time.Millisecond) {
		answer, err := commits.GetOperation(t.Context(), &htsv1.GetOperationRequest{Id: id[:]})
		err = fault.FromStatus(err, fault.Unavailable)
		switch {
		case err == nil:
			return answer.GetOperation()
		case fault.Is(err, fault.NoSuchOperation):
			return nil
		case !fault.Is(err, fault.Unavailable) || time.Now().After(limit):
			t.Fatal(err)
		}
	}
}
