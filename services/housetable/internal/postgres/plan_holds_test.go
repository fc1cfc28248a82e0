package postgres

import (
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// manyHolds are five thousand tables in one folder, and a folder for each.
const manyHolds = `INSERT INTO table_hold (warehouse_id, hold, parent, table_uuid)
	VALUES ('default', 'l:', NULL, NULL::uuid), ('default', 'l:/w', 'l:', NULL), ('default', 'l:/w/n', 'l:/w', NULL);
	INSERT INTO table_hold (warehouse_id, hold, parent, table_uuid) SELECT 'default', 'l:/w/n/t' || n, 'l:/w/n', gen_random_uuid() FROM generate_series(1, 5000) n;
	INSERT INTO table_hold (warehouse_id, hold, parent) SELECT 'default', 'l:/w/f' || n, 'l:/w' FROM generate_series(1, 5000) n;
	INSERT INTO table_hold (warehouse_id, hold, table_uuid) SELECT 'default', 'u:' || n, gen_random_uuid() FROM generate_series(1, 5000) n`

// TestPlansOfHolds: whatever is taken, given up or looked for is looked for by an
// index, however many there are, whether the database has statistics or not.
func TestPlansOfHolds(t *testing.T) {
	s := openStore(t)
	s.mustExec(t, manyHolds)
	uuid, key := housetable.UUID{1}, housetable.TableKey{DatabaseID: "db", TableID: "t"}
	changes := []housetable.Change{
		housetable.CreateTable{Key: key, Kind: housetable.KindTable, Location: "/w/n/t", MetadataUUID: &uuid},
		housetable.SwapTable{Key: key, Location: "/w/n/t", MetadataUUID: &uuid},
		housetable.DropTable{Key: key},
	}
	commits := make([]housetable.Commit, len(changes))
	for i := range changes {
		commits[i] = housetable.Commit{
			Warehouse: housetable.DefaultWarehouse, Operations: []housetable.Operation{{ID: housetable.UUID{byte(i)}}}, Changes: changes[i : i+1],
		}
	}
	for _, statistics := range []string{"without", "with"} {
		for name, batch := range map[string][]housetable.Commit{
			"create": commits[:1], "move": commits[1:2], "drop": commits[2:], "all": commits,
		} {
			for _, by := range []composer{compose, composeParts} {
				text, args, err := by(batch)
				if err != nil {
					t.Fatal(err)
				}
				s.wantProbes(t, statistics+" statistics, "+name, text, args...)
			}
		}
		s.wantProbes(t, statistics+" statistics, holders", selectHolders, holderArgs("default", commits[0].Footprint().Holds)...)
		s.wantProbes(t, statistics+" statistics, folders", nextFolders, "default", "l:/w", 100)
		s.wantProbes(t, statistics+" statistics, empty folders", forgetFolders, []string{"default"}, []string{"l:/w"})
		s.mustExec(t, "ANALYZE")
	}
}

// wantProbes wants a statement to read holds by conditions on an index alone.
func (s *Store) wantProbes(t *testing.T, name, text string, args ...any) {
	t.Helper()
	plan := s.plan(t, text, args...)
	lines := strings.Split(plan, "\n")
	for i, line := range lines {
		if !strings.Contains(line, " on table_hold") || strings.Contains(line, "Insert") || strings.Contains(line, "Delete") {
			continue
		}
		if strings.Contains(line, "Seq Scan") || i+1 < len(lines) && !strings.Contains(lines[i+1]+lines[min(i+2, len(lines)-1)], "Index Cond") && !strings.Contains(line, "Bitmap Heap") {
			t.Errorf("%s: %s\n%s", name, line, plan)
		}
	}
}
