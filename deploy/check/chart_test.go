package check_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"

	"github.com/igloo-catalog/igloo/deploy/check"
)

const chart = "../helm/igloo"

var update = flag.Bool("update", false, "write what is rendered instead of comparing with it")

// examples are the values that the chart comes with.
func examples(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chart, "examples", "*.yaml"))
	if err != nil || len(files) < 3 {
		t.Fatalf("examples: %q, %v", files, err)
	}
	named := map[string]string{}
	for _, file := range files {
		named[strings.TrimSuffix(filepath.Base(file), ".yaml")] = file
	}
	return named
}

// each runs a test on what each of the examples renders to.
func each(t *testing.T, test func(t *testing.T, objects []check.Object)) {
	t.Helper()
	for name, file := range examples(t) {
		t.Run(name, func(t *testing.T) {
			text, err := check.Render(chart, file)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := check.Decode(text)
			if err != nil {
				t.Fatal(err)
			}
			test(t, objects)
		})
	}
}

// golden compares a text with a file, or writes it.
func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != text {
		t.Errorf("%s is not what is rendered: run 'make deploy' and look at what changes", file)
	}
}

// TestRenders shows in a change what it changes in a cluster.
func TestRenders(t *testing.T) {
	for name, file := range examples(t) {
		t.Run(name, func(t *testing.T) {
			text, err := check.Render(chart, file)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name+".yaml"), text)
		})
	}
}

// TestLint is `helm lint`, with each of the examples.
func TestLint(t *testing.T) {
	version := common.DefaultCapabilities.KubeVersion
	for name, file := range examples(t) {
		values := valuesOf(t, file)
		for _, m := range lint.RunAll(chart, values, check.Release.Namespace, lint.WithKubeVersion(&version)).Messages {
			if m.Severity > support.InfoSev {
				t.Errorf("%s: %s", name, m.Error())
			}
		}
	}
}

const least = `
database: {existingSecret: igloo-database}
planKey: {existingSecret: igloo-plan-key}
warehouse: {root: s3://lake/warehouse}
authorization: {admins: [corp:alice]}
`

// TestRefusals names what is missing or wrong before anything reaches a cluster.
func TestRefusals(t *testing.T) {
	for values, want := range map[string]string{
		"":     "is needed",
		"a: 1": "additional properties 'a' not allowed",
		strings.Replace(least, "authorization: {admins: [corp:alice]}", "", 1): "authorization.admins has to name somebody",
		least + "image: {tag: latest}":                                         "/image/tag",
		least + "catalog: {settings: {plan-key: abc}}":                         "invalid propertyName 'plan-key'",
		least + "housetable: {settings: {database-url: postgres://a:b@c/d}}":   "invalid propertyName 'database-url'",
		least + "auth: {kubernetes: false}":                                    "set auth.kubernetes or tls.mutual",
		least + "tls: {mutual: true}":                                          "/tls/enabled",
		least + "tls: {enabled: true}":                                         "tls.housetable.existingSecret is needed",
		least + "ingress: {enabled: true}":                                     "ingress.host is needed",
		least + "serviceMonitor: {enabled: true}":                              "networkPolicy.monitoring has to say",
		least + "catalog: {resources: {limits: {memory: 1G}}}":                 "/catalog/resources/limits/memory",
		least + "ingress: {timeoutSeconds: 20}":                                "/ingress/timeoutSeconds",
	} {
		_, err := check.RenderWith(chart, values)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("values %q: want %q, got %v", values, want, err)
		}
	}
}
