package check_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	yamlv3 "go.yaml.in/yaml/v3"
)

// TestValuesAreDocumented makes the reference of the chart's values from what stands
// above each of them, and fails where nothing does.
func TestValuesAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var document yamlv3.Node
	if err := yamlv3.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	page.WriteString("# Values of the chart\n\nMade from `values.yaml` by `make deploy`. `values.schema.json` refuses anything else.\n\n| value | default | |\n|---|---|---|\n")
	describe(t, &page, document.Content[0], "")
	golden(t, filepath.Join(chart, "README.md"), page.String())
}

func describe(t *testing.T, page *strings.Builder, values *yamlv3.Node, prefix string) {
	t.Helper()
	for i := 0; i < len(values.Content); i += 2 {
		key, value := values.Content[i], values.Content[i+1]
		name := prefix + key.Value
		words, documented := strings.CutPrefix(key.HeadComment, "# -- ")
		switch {
		case documented:
			standard, err := yamlv3.Marshal(flat(value))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(page, "| `%s` | `%s` | %s |\n", name, strings.TrimSpace(string(standard)), words)
		case value.Kind == yamlv3.MappingNode && len(value.Content) > 0:
			describe(t, page, value, name+".")
		default:
			t.Errorf("%s is not documented", name)
		}
	}
}

// flat is a value on one line, without comments.
func flat(value *yamlv3.Node) *yamlv3.Node {
	bare := *value
	bare.HeadComment, bare.LineComment, bare.FootComment = "", "", ""
	if bare.Kind == yamlv3.MappingNode || bare.Kind == yamlv3.SequenceNode {
		bare.Style = yamlv3.FlowStyle
	}
	return &bare
}
