package e2e_test

import (
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestTablesFromAShell: the command line finds both services, wherever they are.
func TestTablesFromAShell(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			s := shellOf(t, d)
			s.ok("namespaces", "create", "-p", "acc.in")
			posted(t, d.URL+"/v1/namespaces/acc%1Fin/tables", `{"name":"t","schema":{"type":"struct","fields":[{"id":1,"name":"x","type":"long","required":true}]}}`, 200)
			for _, args := range []string{"tables list", "tables show acc.in.t", "tables as-of acc.in.t --version 1", "tables history acc.in.t -o jsonl"} {
				if out := s.ok(strings.Fields(args)...); !strings.Contains(out, "t") || strings.Contains(out, "\x1b") {
					t.Errorf("igloo %s:\n%q", args, out)
				}
			}
			s.refused("(404 Not Found)", "tables", "show", "acc.none")
			s.refused("namespace \"none\" does not exist", "namespaces", "show", "none")
			if out := s.ok("tables", "drop", "acc.in.t", "--yes"); !strings.Contains(out, "igloo tables register brings it back") {
				t.Errorf("dropped: %s", out)
			}
			s.ok("namespaces", "drop", "acc.in", "--yes")
		})
	}
}
