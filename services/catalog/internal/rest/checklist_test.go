package rest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each rule that docs/protocol.md has an id for has a test that is named by it, in
// its name or in the comment over it.
func TestEveryRuleHasATest(t *testing.T) {
	document, err := os.ReadFile("../../../../docs/protocol.md")
	check(t, err)
	tests := testTexts(t)
	rules := regexp.MustCompile(`(?m)^\| ([A-Z]+[0-9]+b?) \|`).FindAllStringSubmatch(string(document), -1)
	if len(rules) < 90 {
		t.Errorf("%d rules", len(rules))
	}
	seen := map[string]bool{}
	for _, rule := range rules {
		if seen[rule[1]] {
			t.Errorf("%s is there twice", rule[1])
		}
		seen[rule[1]] = true
		if !regexp.MustCompile(`(//|Run\(|"|,) ?"?([A-Z]+[0-9]+b?,? )*` + rule[1] + `\b`).MatchString(tests) {
			t.Errorf("no test is named by %s", rule[1])
		}
	}
}

// testTexts are the lines of the catalog's tests that name something.
func testTexts(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	check(t, filepath.Walk("../..", func(path string, info os.FileInfo, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") || info.Name() == "checklist_test.go" {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	}))
	return all.String()
}
