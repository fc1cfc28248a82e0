package check_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/igloo-catalog/igloo/deploy/check"
)

const kustomize = "../kustomize"

// TestBaseIsTheChart keeps one source of truth for those with and without Helm.
func TestBaseIsTheChart(t *testing.T) {
	text, err := check.Render(chart, filepath.Join(chart, "examples", "minimal.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join(kustomize, "base", "igloo.yaml"), text)
}

// TestOverlay builds the example as a cluster would get it: everything of the base, the
// patches in their places, and settings that the programs accept.
func TestOverlay(t *testing.T) {
	base, overlay := kustomized(t, "base"), kustomized(t, "overlays/example")
	if !slices.Equal(namesOf(base), namesOf(overlay)) {
		t.Errorf("base has %q, overlay %q", namesOf(base), namesOf(overlay))
	}
	for _, m := range check.Of[*corev1.ConfigMap](overlay) {
		for name, text := range m.Data {
			accepted(t, strings.TrimSuffix(name, ".yaml"), text)
		}
	}
	for _, d := range check.Of[*appsv1.Deployment](overlay) {
		if d.Name != "igloo-catalog" {
			continue
		}
		c := d.Spec.Template.Spec.Containers[0]
		if *d.Spec.Replicas != 3 || variable(c, "IGLOO_REDIS_URL").ValueFrom == nil || variable(c, "IGLOO_PLAN_KEY").ValueFrom == nil {
			t.Errorf("%d replicas, %+v", *d.Spec.Replicas, c.Env)
		}
	}
}

func kustomized(t *testing.T, folder string) []check.Object {
	t.Helper()
	text, err := check.Kustomize(filepath.Join(kustomize, folder))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := check.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func namesOf(objects []check.Object) []string {
	names := make([]string, len(objects))
	for i, o := range objects {
		names[i] = o.Kind + " " + o.GetName()
	}
	slices.Sort(names)
	return names
}
