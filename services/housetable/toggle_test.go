package housetable_test

import (
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/housetable"
)

func TestToggleRuleMatches(t *testing.T) {
	for _, c := range []struct {
		database, table     string // patterns
		databaseID, tableID string
		want                bool
	}{
		{"db", "t", "db", "t", true},
		{"db", "*", "db", "anything", true},
		{"db", "*", "db2", "anything", false},
		{"*", "t", "any", "t", true},
		{"*", "*", "", "", true},
		{"tracking_*", "events_*", "tracking_a", "events_", true},
		{"*_prod", "events_*_daily", "x_prod", "events_a_b_daily", true},
		{"*_prod", "events_*_daily", "x_prod", "events_daily", false},
		{"db", "?bc", "db", "übc", true},
		{"db", "?bc", "db", "bc", false},
		{"DB", "t", "db", "t", false},
		{"db", "a*b*c", "db", "a_b_b_c", true},
		{"db", "a*b*c", "db", "a_c_b", false},
		{"db", "", "db", "t", false},
		{"db", strings.Repeat("*a", 60) + "b", "db", strings.Repeat("a", 10_000), false},
	} {
		rule := housetable.ToggleRule{DatabasePattern: c.database, TablePattern: c.table}
		if got := rule.Matches(c.databaseID, c.tableID); got != c.want {
			t.Errorf("%s.%s on %s.%.20s: %v", c.database, c.table, c.databaseID, c.tableID, got)
		}
	}
}
