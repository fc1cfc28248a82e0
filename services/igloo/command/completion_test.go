package command_test

import (
	"strings"
	"testing"
)

// TestCompletion: what a word may become, of what is built in and what the server has.
func TestCompletion(t *testing.T) {
	s := withTables(t)
	s.ok(t, "warehouses", "create", "west")
	s.ok(t, "namespaces", "create", "-w", "west", "wild")
	s.ok(t, "namespaces", "create", "$(reboot)")
	for typed, want := range map[string]string{
		"name":                                     "namespaces",
		"tables s":                                 "show snapshots",
		"tables show a":                            "acc.",
		"tables show acc.":                         "acc.in. acc.t",
		"tables list ":                             "acc",
		"views show acc.":                          "acc.in. acc.v",
		"tables rename acc.t ":                     "",
		"warehouses show w":                        "west",
		"tables list -w w":                         "west",
		"tables list -w west ":                     "wild",
		"tables list --warehouse=west ":            "wild",
		"tables list --kind ":                      "table view function",
		"tables list --output=j":                   "--output=json --output=jsonl",
		"tables list --output = j":                 "json jsonl", // as bash has it
		"tables list --re":                         "--recursive",
		"namespaces list -o json --par":            "",
		"completion f":                             "fish",
		"nothing ":                                 "",
		"tables list --server http://127.0.0.1:1 ": "",
	} {
		out := s.ok(t, append([]string{"complete", "--"}, strings.Split(typed, " ")...)...)
		if got := strings.Join(strings.Fields(out), " "); got != want {
			t.Errorf("%q may become %q, want %q", typed, got, want)
		}
	}
	if out := s.ok(t, "complete", "--"); strings.Contains(out, "$") {
		t.Errorf("commands: %q", out)
	}
}
