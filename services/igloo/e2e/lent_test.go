package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestAViewLendsWhatItsOwnerMaySelect in both shapes, as long as the owner may, and the
// audit log tells by which view.
func TestAViewLendsWhatItsOwnerMaySelect(t *testing.T) {
	p := idptest.New(t)
	issuer := []string{"--auth-issuer", "corp=" + p.URL, "--authorization-lag", "500ms", "--admin", "corp:root"}
	t.Run("one process", func(t *testing.T) {
		log := filepath.Join(t.TempDir(), "audit.log")
		lends(t, p, iglootest.Shapes()[0].Start(t, slices.Concat(issuer, []string{"--audit-log", log, "--audit-reads"})...), log)
	})
	t.Run("split", func(t *testing.T) {
		log, own := filepath.Join(t.TempDir(), "audit.log"), p.TokenFile(t, idptest.Claims{"sub": "catalog"})
		lends(t, p, iglootest.Split(t,
			slices.Concat(issuer, []string{"--audit-log", log, "--audit-reads", "--housetable-token-file", own}),
			slices.Concat(issuer, []string{"--trusted-service", "corp:catalog"})), log)
	})
}

const (
	lentSchema = `{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"a","required":false,"type":"long"}]}`
	lentView   = `{"name":"w","schema":` + lentSchema + `,"properties":{"view.security":"definer"},"view-version":{"version-id":1,"timestamp-ms":1,"schema-id":0,
		"summary":{},"default-namespace":["sales"],"representations":[{"type":"sql","sql":"SELECT a FROM orders","dialect":"spark"}]}}`
)

func lends(t *testing.T, p *idptest.Provider, d *iglootest.Deployment, log string) {
	t.Helper()
	by := func(who, method, url, body string, want int) string {
		t.Helper()
		status, text := ask(t, method, url, body, "Authorization", "Bearer "+p.Token(t, idptest.Claims{"sub": who}))
		if status != want {
			t.Fatalf("%s %s %s: %d %s", who, method, url, status, text)
		}
		return text
	}
	orders := d.URL + "/v1/namespaces/sales/tables/orders"
	granted := func(kind, name, grantee, privilege string) string {
		return `{"object":{"kind":"` + kind + `","databaseId":"sales","tableId":"` + name + `"},"grantee":"user:corp:` + grantee + `","privilege":"` + privilege + `"}`
	}
	by("root", http.MethodPost, d.URL+"/v1/namespaces", `{"namespace":["sales"]}`, http.StatusOK)
	by("root", http.MethodPost, d.URL+"/v1/namespaces/sales/tables", `{"name":"orders","schema":`+lentSchema+`}`, http.StatusOK)
	by("root", http.MethodPost, d.HTS+"/hts/access/grants", `{"grants":[`+granted("table", "orders", "bob", "select")+`,`+
		granted("namespace", "", "bob", "create")+`]}`, http.StatusNoContent)
	until(t, "bob may create", func() bool {
		status, _ := ask(t, http.MethodPost, d.URL+"/v1/namespaces/sales/views", lentView, "Authorization", "Bearer "+p.Token(t, idptest.Claims{"sub": "bob"}))
		return status == http.StatusOK
	})
	by("bob", http.MethodPost, d.HTS+"/hts/access/grants", `{"grants":[`+granted("view", "w", "ann", "select")+`]}`, http.StatusNoContent)
	through := orders + "?referenced-by=sales%1Fw"
	until(t, "ann may select the view", func() bool {
		status, _ := ask(t, http.MethodGet, through, "", "Authorization", "Bearer "+p.Token(t, idptest.Claims{"sub": "ann"}))
		return status == http.StatusOK
	})
	by("ann", http.MethodGet, orders, "", http.StatusForbidden)
	until(t, "the log names the view", func() bool {
		content, err := os.ReadFile(log)
		return err == nil && strings.Contains(string(content), `"lent_by":"view sales.w in warehouse default"`) && strings.Contains(string(content), `"as":"corp:bob"`)
	})
	by("root", http.MethodPost, d.HTS+"/hts/access/revocations", `{"wait":true,"grants":[`+granted("table", "orders", "bob", "select")+`]}`, http.StatusNoContent)
	if text := by("ann", http.MethodGet, through, "", http.StatusForbidden); !strings.Contains(text, "corp:bob may not select table sales.orders") {
		t.Error(text)
	}
}
