package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/igloo-catalog/igloo/"

// goPackage is what the tests want to know of a package.
type goPackage struct {
	ImportPath string
	Dir        string
	Doc        string
	GoFiles    []string
	Deps       []string
}

func packages(t *testing.T, patterns ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Doc,GoFiles,Deps"}, patterns...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var found []goPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, p)
	}
}

// TestProgramsCarryOnlyTheirOwn looks at everything that is linked in, however
// far down: the linter sees direct imports alone.
func TestProgramsCarryOnlyTheirOwn(t *testing.T) {
	forbidden := map[string]map[string]string{
		"services/catalog/cmd/catalog": {
			"database/sql":                 "the catalog owns no database",
			"github.com/jackc/pgx":         "the catalog owns no database",
			"modernc.org/sqlite":           "the catalog owns no database",
			"github.com/pressly/goose":     "the catalog owns no database",
			module + "services/housetable": "the catalog reaches house tables over gRPC",
		},
		"services/housetable/cmd/housetable": {
			module + "pkg/iceberg":      "a metadata location is an opaque string here",
			module + "pkg/objectstore":  "the house table service has no object storage",
			module + "services/catalog": "the house table service stands below the catalog",
		},
	}
	for program, bad := range forbidden {
		for _, p := range packages(t, module+program) {
			for _, dep := range p.Deps {
				for prefix, why := range bad {
					if dep == prefix || isModule(prefix) && strings.HasPrefix(dep, prefix+"/") {
						t.Errorf("%s links %s: %s", program, dep, why)
					}
				}
			}
		}
	}
}

// isModule tells modules from packages of the standard library, whose
// neighbours are other things: uuid types implement interfaces of
// database/sql/driver and need no database.
func isModule(path string) bool { return strings.Contains(path, ".") }

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t, "work") {
		if len(p.GoFiles) > 0 && p.Doc == "" && !strings.Contains(p.ImportPath, "/proto/gen/") {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// TestErrorsAreNotToldApartByText looks for code that would break when somebody
// words a message better.
func TestErrorsAreNotToldApartByText(t *testing.T) {
	byText := regexp.MustCompile(`strings\.(Contains|HasPrefix|HasSuffix|EqualFold)\([^()]*\.Error\(\)`)
	for _, p := range packages(t, "work") {
		for _, name := range p.GoFiles {
			source, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if found := byText.Find(source); found != nil {
				t.Errorf("%s/%s: %s", p.ImportPath, name, found)
			}
		}
	}
}
