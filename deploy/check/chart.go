package check

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

// Release is what a chart is rendered for.
var Release = common.ReleaseOptions{Name: "igloo", Namespace: "igloo", Revision: 1, IsInstall: true}

// Render renders the chart in a folder with the values of a file, and the schema of
// values checked: one text of all objects, in the order of their templates' names.
func Render(folder, values string) (string, error) {
	text, err := os.ReadFile(values) //nolint:gosec // tests name it
	if err != nil {
		return "", err
	}
	return RenderWith(folder, string(text))
}

// RenderWith is Render with values as a text of YAML.
func RenderWith(folder, values string) (string, error) {
	given := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(values), &given); err != nil {
		return "", fmt.Errorf("values: %w", err)
	}
	chart, err := loader.Load(folder)
	if err != nil {
		return "", fmt.Errorf("load %s: %w", folder, err)
	}
	filled, err := util.ToRenderValues(chart, given, Release, common.DefaultCapabilities)
	if err != nil {
		return "", err
	}
	files, err := engine.Engine{Strict: true}.Render(chart, filled)
	if err != nil {
		return "", err
	}
	return joined(files), nil
}

// joined are the objects of all files, without the notes.
func joined(files map[string]string) string {
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := strings.TrimSpace(files[name])
		if path.Ext(name) != ".yaml" || text == "" {
			continue
		}
		for object := range strings.SplitSeq("\n"+text, "\n---\n") {
			if object = strings.TrimSpace(object); object != "" {
				all.WriteString("---\n" + object + "\n")
			}
		}
	}
	return all.String()
}
