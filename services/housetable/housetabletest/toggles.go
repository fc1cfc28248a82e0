package housetabletest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/housetable"
)

func toggles(t *testing.T, b *bench) {
	t.Helper()
	put := func(rule housetable.ToggleRule) {
		t.Helper()
		if err := b.PutToggleRule(t.Context(), house, rule); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(feature string, want ...housetable.ToggleRule) {
		t.Helper()
		rules, err := b.ToggleRules(t.Context(), house, feature)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rules); diff != "" {
			t.Fatalf("rules of %s (-want +got):\n%s", feature, diff)
		}
	}
	first, second := housetable.ToggleRule{FeatureID: "f", DatabasePattern: "Z*", TablePattern: "*"}, housetable.ToggleRule{FeatureID: "f", DatabasePattern: "a", TablePattern: "?"}
	other := housetable.ToggleRule{FeatureID: "F", DatabasePattern: "a", TablePattern: "*"}
	for _, rule := range []housetable.ToggleRule{second, first, other, first} {
		put(rule)
	}
	expect("f", first, second)
	expect("F", other)
	expect("none")
	for range 2 {
		if err := b.DeleteToggleRule(t.Context(), house, second); err != nil {
			t.Fatal(err)
		}
	}
	expect("f", first)
	wantKind(t, b.PutToggleRule(t.Context(), "nowhere", first), fault.NoSuchWarehouse)
	wantKind(t, b.DeleteToggleRule(t.Context(), "nowhere", first), fault.NoSuchWarehouse)
	_, err := b.ToggleRules(t.Context(), "nowhere", "f")
	wantKind(t, err, fault.NoSuchWarehouse)
	for i := range housetable.MaxToggleRules - 1 {
		put(housetable.ToggleRule{FeatureID: "f", DatabasePattern: "db", TablePattern: fmt.Sprint("t", i)})
	}
	put(first)
	wantKind(t, b.PutToggleRule(t.Context(), house, second), fault.Unprocessable)
}
