package postgres_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/internal/postgres"
)

// recipes are the blocks of docs/backup.md about Postgres, in their order.
type recipes struct{ dump, archive, base, copied, recovery string }

func readRecipes(t *testing.T) recipes {
	t.Helper()
	page, err := os.ReadFile("../../../../docs/backup.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Postgres\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?ms)^```(sh|ini)\n(.*?)^```$").FindAllStringSubmatch(section, -1)
	languages := make([]string, 0, len(blocks))
	for _, b := range blocks {
		languages = append(languages, b[1])
	}
	if got, want := strings.Join(languages, " "), "sh ini sh sh ini"; got != want {
		t.Fatalf("docs/backup.md has the blocks %s, want %s", got, want)
	}
	return recipes{blocks[0][2], blocks[1][2], blocks[2][2], blocks[3][2], blocks[4][2]}
}

// site is where backups lie: a folder of Postgres' own user, who runs the recipes.
type site struct {
	dir  string
	user *proctest.User
}

func newSite(t *testing.T) site {
	t.Helper()
	user, err := proctest.Unprivileged("postgres")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "igloo-backup-") //nolint:usetesting // those of tests are closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := site{dir: dir, user: user}
	if err := user.Own(dir); err != nil {
		t.Fatal(err)
	}
	s.run(t, "mkdir /archive /backup")
	return s
}

// here are the folders of a recipe in this place; the restored one has the name
// that a cluster's has.
func (s site) here(recipe string) string {
	recipe = strings.ReplaceAll(recipe, "/restored", s.dir+"/data")
	return regexp.MustCompile(`(^|[ ='])/(archive|backup)`).ReplaceAllString(recipe, "${1}"+s.dir+"/$2")
}

func (s site) run(t *testing.T, recipe string, environment ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail\n"+s.here(recipe))
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), append(environment, "PATH="+pgtest.Binaries(t)+":"+os.Getenv("PATH"))...)
	s.user.Apply(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, recipe, out)
	}
}

// at lead the programs of a recipe to a server.
func at(c *pgtest.Cluster) []string {
	return []string{"PGHOST=127.0.0.1", "PGPORT=" + strconv.Itoa(c.Port), "PGUSER=postgres"}
}

// pointers are where the tables are, at which versions.
func pointers(t *testing.T, s *postgres.Store) map[string]string {
	t.Helper()
	tables, _, err := s.ListTables(t.Context(), housetable.TableQuery{
		Warehouse: housetable.DefaultWarehouse, DatabaseID: "db", Kind: housetable.KindTable, Page: housetable.Page{Limit: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, table := range tables {
		found[table.Key.TableID] = table.UUID.String() + " " + strconv.FormatInt(table.Version, 10) + " " + table.MetadataLocation
	}
	return found
}

func wantPointers(t *testing.T, s *postgres.Store, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, pointers(t, s)); diff != "" {
		t.Errorf("pointers (-were +are):\n%s", diff)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func load(t *testing.T, s *postgres.Store) {
	t.Helper()
	for i, name := range []string{"t0", "t1", "t2"} {
		for range i + 2 {
			mustCommit(t, s, swapOf(name))
		}
	}
}

// TestDumpIsRestored: what docs/backup.md says of dumps brings back every pointer,
// and what was recorded is not done again.
func TestDumpIsRestored(t *testing.T) {
	t.Parallel()
	r, place := readRecipes(t), newSite(t)
	cluster := started(t)
	s := filled(t, migrated(t, cluster), false)
	load(t, s)
	recorded := commit(swapOf("t0"))
	if _, err := send(t, s, time.Minute, recorded); err != nil {
		t.Fatal(err)
	}
	want := pointers(t, s)
	restored := cluster.URL("igloo_restored")
	place.run(t, r.dump, append(at(cluster), "DATABASE_URL="+cluster.URL("postgres"), "RESTORED_URL="+restored)...)
	there := openAt(t, restored, postgres.Options{Connections: 4})
	wantPointers(t, there, want)
	verdicts, err := send(t, there, time.Minute, recorded)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := verdicts[0].(housetable.Replay); !ok {
		t.Errorf("sent again: %#v, want a replay", verdicts[0])
	}
	load(t, there)
	if epoch(t, s) != epoch(t, there) {
		t.Error("a restore into the same cluster has another epoch: docs/backup.md says that it has not")
	}
}

// TestRecoveryToBeforeAMistake goes to before a bad drop by what docs/backup.md
// says, and measures what it says of those who knew what came after.
func TestRecoveryToBeforeAMistake(t *testing.T) {
	t.Parallel()
	r, place := readRecipes(t), newSite(t)
	primary := started(t, strings.Split(place.here(r.archive), "\n")...)
	s := filled(t, migrated(t, primary), false)
	load(t, s)
	place.run(t, r.base, at(primary)...)
	load(t, s)
	want, before, line := pointers(t, s), latest(t, s), epoch(t, s)
	admin := direct(t, primary.URL("postgres"))
	var moment string
	if err := admin.QueryRow(t.Context(), "SELECT clock_timestamp()::text").Scan(&moment); err != nil {
		t.Fatal(err)
	}
	lost := commit(swapOf("t1"))
	if _, err := send(t, s, time.Minute, lost); err != nil {
		t.Fatal(err)
	}
	newest := versionOf(t, s, "t1")
	mustCommit(t, s, housetable.DropTable{Key: tableKey("t0")}, housetable.DropTable{Key: tableKey("t2")})
	after := latest(t, s)
	archived(t, primary)
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}

	place.run(t, r.copied)
	place.settle(t, regexp.MustCompile(`(?m)^(recovery_target_time = ').*'$`).ReplaceAllString(r.recovery, "${1}"+moment+"'"))
	restored, err := pgtest.Adopt(t.Context(), place.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = restored.Stop() })
	there := openAt(t, restored.URL("postgres"), postgres.Options{Connections: 4})
	until(t, "the restored server takes writes", func() bool { return there.Ready(t.Context()) == nil })
	wantPointers(t, there, want)
	if epoch(t, there) == line {
		t.Error("a recovery to a moment has the epoch of the database before")
	}
	stale := swapOf("t1")
	stale.Expect.Version = &newest
	verdicts, err := send(t, there, time.Minute, commit(stale))
	if err != nil {
		t.Fatal(err)
	}
	if conflict, ok := verdicts[0].(housetable.Conflict); !ok || conflict.Changes[0].Current.Version != newest-1 {
		t.Errorf("a commit on what was lost: %#v, want a conflict with version %d", verdicts[0], newest-1)
	}
	verdicts, err = send(t, there, time.Minute, lost)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := verdicts[0].(housetable.Committed); !ok {
		t.Errorf("a lost commit, sent again: %#v, want it done", verdicts[0])
	}
	load(t, there)
	readers(t, there, before, after)
}

// readers of the change log who had come to before the moment go on; those who had
// come to behind it are told, whatever came since.
func readers(t *testing.T, s *postgres.Store, before, after housetable.Position) {
	t.Helper()
	for name, from := range map[string]housetable.Position{"before": before, "after": after} {
		until(t, "the change log is settled", func() bool {
			events, _, err := s.Events(t.Context(), housetable.EventQuery{Warehouse: housetable.DefaultWarehouse, After: from, Limit: 100})
			if name == "after" {
				return fault.Is(err, fault.PositionExpired)
			}
			return err == nil && len(events) == 1+9
		})
	}
}

func latest(t *testing.T, s *postgres.Store) (p housetable.Position) {
	t.Helper()
	var fence *housetable.Fence
	until(t, "the newest event is settled", func() bool {
		var err error
		if p, fence, err = s.LatestPosition(t.Context(), housetable.DefaultWarehouse, fence); err != nil {
			t.Fatal(err)
		}
		return fence == nil
	})
	return p
}

func started(t *testing.T, settings ...string) *pgtest.Cluster {
	t.Helper()
	pgtest.Binaries(t)
	cluster, err := pgtest.Start(t.Context(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop() })
	return cluster
}

func migrated(t *testing.T, c *pgtest.Cluster) string {
	t.Helper()
	if err := postgres.Migrate(t.Context(), c.URL("postgres")); err != nil {
		t.Fatal(err)
	}
	return c.URL("postgres")
}

// archived waits until the archive has all that there is.
func archived(t *testing.T, c *pgtest.Cluster) {
	t.Helper()
	conn := direct(t, c.URL("postgres"))
	var segment string
	if err := conn.QueryRow(t.Context(), "SELECT pg_walfile_name(pg_switch_wal())").Scan(&segment); err != nil {
		t.Fatal(err)
	}
	until(t, "the archive has "+segment, func() bool {
		var done bool
		err := conn.QueryRow(t.Context(), "SELECT coalesce(last_archived_wal, '') >= $1 FROM pg_stat_archiver", segment).Scan(&done)
		return err == nil && done
	})
}

// settle adds settings to those of the restored server.
func (s site) settle(t *testing.T, settings string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(s.dir, "data", "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("\n" + s.here(settings)); err != nil {
		t.Fatal(err)
	}
}

func epoch(t *testing.T, s *postgres.Store) string {
	t.Helper()
	found, err := s.Epoch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}
