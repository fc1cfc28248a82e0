package postgres

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/services/housetable"
	"github.com/igloo-catalog/igloo/services/housetable/housetabletest"
)

// acrossWarehouses are the statements that name no warehouse: those that sweep,
// or look for where there is something to sweep. None is part of a request.
var acrossWarehouses = map[string]string{
	reapJobs: "reap jobs", forgetJobs: "forget jobs", purgeExpired: "purge expired tables", forgetLapsed: "forget what jobs held",
	forgetRecorded("metrics_report"): "forget reports", nextWarehouseWithEvents: "look for events",
	nextFolders: "look for folders", nextTombstones: "look for tombstones",
}

// ofPartition is in statements that make, empty and drop partitions of operations
// by their names, as no request does.
const ofPartition = "FROM operation_"

// TestStatementsNameTheWarehouse: whatever the suite has the store do, each table
// that lies spread by warehouse is read by the warehouse, and none as a whole.
func TestStatementsNameTheWarehouse(t *testing.T) {
	t.Parallel()
	seen := &plans{across: map[string]bool{}, strays: map[string]string{}}
	t.Cleanup(func() { seen.check(t) })
	housetabletest.Run(t, func(t *testing.T) housetable.Store {
		t.Helper()
		return openExplained(t, pgtest.New(t, Migrate), seen)
	})
}

// explained has the server send the plan of each statement, as it was carried out,
// to who sent the statement.
const explained = "&session_preload_libraries=auto_explain&auto_explain.log_min_duration=0&auto_explain.log_format=json&auto_explain.log_level=notice"

func openExplained(t *testing.T, url string, seen *plans) *Store {
	t.Helper()
	o := Options{Connections: 4}
	config, err := configure(url+explained, o)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { seen.add(n.Message) }
	s, err := openWith(t.Context(), config, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// plans are what was seen of the plans of statements.
type plans struct {
	mu     sync.Mutex
	n      int
	across map[string]bool   // which of acrossWarehouses there were
	strays map[string]string // other statements that read a table across warehouses, with how
}

// node is one of a plan.
type node struct {
	Relation string `json:"Relation Name"`
	Alias    string
	Type     string `json:"Node Type"`
	Index    string `json:"Index Cond"`
	Filter   string
	Hash     string `json:"Hash Cond"`
	Merge    string `json:"Merge Cond"`
	Join     string `json:"Join Filter"`
	Plans    []node
}

func (p *plans) add(message string) {
	_, text, found := strings.Cut(message, "plan:\n")
	if !found {
		return
	}
	var seen struct {
		Text string `json:"Query Text"`
		Plan node
	}
	err := json.Unmarshal([]byte(text), &seen)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	if err != nil {
		p.strays[text] = err.Error()
	} else if _, ok := acrossWarehouses[seen.Text]; ok {
		p.across[seen.Text] = true
	} else if stray := seen.Plan.stray(""); stray != "" && !strings.Contains(seen.Text, ofPartition) {
		p.strays[seen.Text] = stray
	}
}

// stray is a scan of a table that lies spread by warehouse that no condition holds
// to one: neither its own nor one of the joins above it.
func (n node) stray(joins string) string {
	if _, ok := strings.CutSuffix(n.Type, "Scan"); ok && n.spread() {
		own := n.Index + n.Filter
		for _, below := range n.Plans {
			own += below.Index
		}
		if !strings.Contains(own, "(warehouse_id = ") && !strings.Contains(joins, n.Alias+".warehouse_id") {
			return n.Type + " of " + n.Relation + ": " + own
		}
	}
	for _, below := range n.Plans {
		if stray := below.stray(joins + n.Hash + n.Merge + n.Join); stray != "" {
			return stray
		}
	}
	return ""
}

// spread reports that the node reads a table that is not everywhere.
func (n node) spread() bool {
	return n.Relation != "" && !strings.HasPrefix(n.Relation, "pg_") && !slices.Contains(references, n.Relation)
}

func (p *plans) check(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for text, stray := range p.strays {
		t.Errorf("%s in\n%s", stray, text)
	}
	if len(p.across) != len(acrossWarehouses) {
		t.Errorf("of the statements across warehouses there were only %d: %v", len(p.across), slices.Collect(maps.Keys(p.across)))
	}
	t.Logf("%d plans", p.n)
}
