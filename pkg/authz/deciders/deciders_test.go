package deciders_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/authz/authztest"
	"github.com/igloo-catalog/igloo/pkg/authz/deciders"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// TestWhatIsDecidedIsMeasured, for two services of one process.
func TestWhatIsDecidedIsMeasured(t *testing.T) {
	t.Parallel()
	services := []string{"catalog", "housetable"}
	all := make([]*telemetry.Meters, len(services))
	for i, service := range services {
		meters, err := telemetry.NewMeters()
		if err != nil {
			t.Fatal(err)
		}
		defer meters.Close()
		all[i] = meters
		decider, closer, err := deciders.Open(authz.Authorization{Admins: []string{"corp:root"}}, deciders.Needs{
			Authenticated: true, Source: (&authztest.World{}).Journal(), Service: service, Meter: meters.Meter("test"),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer closer.Close()
		q := authz.Question{Privilege: authz.Create, Object: authz.Server()}
		if err := authz.Require(t.Context(), decider, authn.Identity{Issuer: "corp", Subject: "root"}, q); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := authz.Require(t.Context(), decider, authn.Identity{Issuer: "corp", Subject: "bob"}, q); !fault.Is(err, fault.Forbidden) {
				t.Error(err)
			}
		}
	}
	answer := httptest.NewRecorder()
	telemetry.Scrape(all...).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	for _, want := range []string{
		`igloo_authorization_decisions_total{result="allowed",service="catalog"} 1`,
		`igloo_authorization_decisions_total{result="refused",service="housetable"} 2`,
		`igloo_authorization_decisions_total{result="failed",service="catalog"} 0`,
		`igloo_authorization_refreshes_total{result="ok",service="catalog"} 1`,
		`igloo_authorization_grants{service="housetable"} 0`,
		`igloo_authorization_snapshot_age_seconds{service="catalog"}`,
	} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("no %s in\n%s", want, answer.Body)
		}
	}
}

func TestPoliciesDecide(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policies.cedar")
	if err := os.WriteFile(path, []byte(`permit(principal == User::"corp:alice", action, resource);`), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := authz.Authorization{Authorization: "cedar", AuthorizationPolicies: path}
	needs := deciders.Needs{Authenticated: true, Source: (&authztest.World{}).Journal(), Log: slog.New(slog.DiscardHandler)}
	decider, closer, err := deciders.Open(settings, needs)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	q := authz.Question{Privilege: authz.Create, Object: authz.Server()}
	for name, want := range map[string]bool{"alice": true, "bob": false} {
		if err := authz.Require(t.Context(), decider, authn.Identity{Issuer: "corp", Subject: name}, q); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	settings.AuthorizationPolicies = filepath.Join(t.TempDir(), "none")
	if _, _, err := deciders.Open(settings, needs); err == nil {
		t.Error("opened without a file")
	}
}

func TestNobodyIsLetInByMistake(t *testing.T) {
	t.Parallel()
	needs := deciders.Needs{Source: (&authztest.World{}).Journal()}
	if _, _, err := deciders.Open(authz.Authorization{Authorization: "grants"}, needs); err == nil {
		t.Error("grants decide about people who are not known")
	}
	decider, closer, err := deciders.Open(authz.Authorization{}, needs)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	q := authz.Question{Privilege: authz.Own, Object: authz.Server()}
	if err := authz.Require(t.Context(), decider, authn.Identity{}, q); err != nil {
		t.Error(err)
	}
}
