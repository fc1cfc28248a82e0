package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestAnAnalystReadsOneTable of both shapes, through PyIceberg, and no other: with a
// credential of the process's own or a token of a provider for who owns all of it.
func TestAnAnalystReadsOneTable(t *testing.T) {
	p := idptest.New(t)
	issuer := []string{"--auth-issuer", "corp=" + p.URL, "--authorization-lag", "200ms"}
	analyst := "token=" + p.Token(t, idptest.Claims{"sub": "ann"})
	t.Run("one process", func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "closed")
		d := iglootest.Shapes()[0].Start(t, append(issuer, "--auth", "--data-dir", folder, "--admin", "corp:alice")...)
		credential, err := os.ReadFile(filepath.Join(folder, "root.credential"))
		if err != nil {
			t.Fatal(err)
		}
		reads(t, p, d, "credential="+string(credential), analyst)
	})
	t.Run("split", func(t *testing.T) {
		own := p.TokenFile(t, idptest.Claims{"sub": "catalog"})
		d := iglootest.Split(t,
			append(issuer, "--housetable-token-file", own, "--admin", "corp:alice"),
			append(issuer, "--trusted-service", "corp:catalog", "--admin", "corp:alice"))
		reads(t, p, d, "token="+p.Token(t, nil), analyst)
	})
}

func reads(t *testing.T, p *idptest.Provider, d *iglootest.Deployment, owner, analyst string) {
	t.Helper()
	python(t, "grants_steps.py", d.URL, owner, analyst, "before")
	status, body := ask(t, http.MethodPost, d.HTS+"/hts/access/grants",
		`{"grants":[{"object":{"kind":"table","databaseId":"sales","tableId":"orders"},"grantee":"user:corp:ann","privilege":"select"}]}`,
		"Authorization", "Bearer "+p.Token(t, nil))
	if status != http.StatusNoContent {
		t.Fatalf("grant: %d %s", status, body)
	}
	until(t, "the grant is decided by", func() bool {
		status, _ := ask(t, http.MethodHead, d.URL+"/v1/namespaces/sales/tables/orders", "", "Authorization", "Bearer "+strings.TrimPrefix(analyst, "token="))
		return status == http.StatusNoContent
	})
	t.Log(python(t, "grants_steps.py", d.URL, owner, analyst))
}
