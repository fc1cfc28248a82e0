package roundtrip

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const source = "github.com/apache/iceberg-go"

// document is a metadata document that was found.
type document struct {
	// name is its file, and its line where it is a text in a Go file.
	name string
	text []byte
}

// documents are all in the module's files: what is a .json file, and what stands
// as a text in Go, by itself or as the metadata of an answer of a catalog.
func documents(t *testing.T) []document {
	t.Helper()
	root := sourceDir(t)
	var found []document
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case filepath.Ext(path) == ".json":
			text, err := os.ReadFile(path) //nolint:gosec // a file of a module that go.sum pins
			found = append(found, metadataIn(name, text)...)
			return err
		case filepath.Ext(path) == ".go":
			texts, err := textsIn(path, name)
			found = append(found, texts...)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// sourceDir is where the module lies, at the version that go.mod requires.
func sourceDir(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", source).Output()
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &module)
	}
	if err != nil || module.Dir == "" {
		t.Fatalf("download %s: %v: %s", source, err, out)
	}
	return module.Dir
}

func textsIn(path, name string) ([]document, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var found []document
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, _ := strconv.Unquote(literal.Value)
			found = append(found, metadataIn(fmt.Sprintf("%s:%d", name, files.Position(literal.Pos()).Line), []byte(text))...)
		}
		return true
	})
	return found, nil
}

// metadataIn is the document that a text is or has as its member "metadata".
func metadataIn(name string, text []byte) []document {
	members := membersOf(text)
	if inner, ok := members["metadata"]; ok {
		text, members = inner, membersOf(inner)
	}
	if _, ok := members["format-version"]; !ok || !strings.Contains(string(text), "-uuid") {
		return nil
	}
	return []document{{name, text}}
}

// membersOf are the members of an object as they are spelled; nil of anything else.
func membersOf(text []byte) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return nil
	}
	return members
}
