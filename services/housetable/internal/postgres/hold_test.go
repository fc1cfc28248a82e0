package postgres_test

import (
	"fmt"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// TestHoldsLeftBehind: a replica of the version before drops and purges house
// tables and leaves what they held; nobody is in its way. What it soft-deletes is
// held on.
func TestHoldsLeftBehind(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t, postgres.Migrate)
	s, conn := openAt(t, database, postgres.Options{Connections: 2}), direct(t, database)
	mustCommit(t, s, housetable.CreateNamespace{DatabaseID: "db"})
	for name, location := range map[string]string{"dropped": "/a/b/c", "purged": "/a/b/d", "kept": "/k"} {
		c := creation(name)
		c.Location, c.MetadataUUID = location, &housetable.UUID{name[0]}
		mustCommit(t, s, c)
	}
	mustCommit(t, s, housetable.DropTable{Key: tableKey("kept"), Soft: true})
	const ends = `WITH gone AS (DELETE FROM house_table WHERE table_id = '%s' RETURNING *)
		INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id, metadata_location, op_id, principal, request_id)
		SELECT warehouse_id, uuid, version + 1, '%s', kind, database_id, table_id, metadata_location, gen_random_uuid(), '', '' FROM gone`
	execute(t, conn, fmt.Sprintf(ends, "dropped", "drop"))
	execute(t, conn, fmt.Sprintf(ends, "purged", "purge"))
	above := creation("above")
	above.Location, above.MetadataUUID = "/a", &housetable.UUID{'d'}
	mustCommit(t, s, above)
	within := creation("within")
	within.Location = "/k/x"
	verdicts, err := s.Commit(t.Context(), []housetable.Commit{commit(within)})
	if _, taken := verdicts[0].(housetable.Conflict); err != nil || !taken {
		t.Errorf("%#v, %v", verdicts, err)
	}
	execute(t, conn, "DELETE FROM change_event WHERE table_id = 'kept'")
	mustCommit(t, s, within)
}
