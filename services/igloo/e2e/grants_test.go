package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestAnAnalystReadsOneTable of both shapes, through PyIceberg, and no other: by a
// credential and by a token, of who is an analyst and of who owns all of it.
func TestAnAnalystReadsOneTable(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			p := idptest.New(t)
			p.Enrol(idptest.Client{ID: "ann", Secret: "secret of ann", Scope: "lake", Life: time.Hour})
			d := shape.StartGuarded(t, p, "--authorization-lag", "500ms")
			owner := "token=" + p.Token(t, idptest.Claims{"sub": "owner"})
			if d.Root != "" {
				owner = "credential=" + d.Root
			}
			reads(t, p, d, owner, "token="+p.Token(t, idptest.Claims{"sub": "ann"}),
				"credential=ann:secret of ann,scope=lake,oauth2-server-uri="+p.Tokens())
		})
	}
}

func reads(t *testing.T, p *idptest.Provider, d *iglootest.Deployment, owner string, analysts ...string) {
	t.Helper()
	python(t, "grants_steps.py", d.URL, owner, analysts[0], "before")
	status, body := ask(t, http.MethodPost, d.HTS+"/hts/access/grants",
		`{"grants":[{"object":{"kind":"table","databaseId":"sales","tableId":"orders"},"grantee":"user:corp:ann","privilege":"select"}]}`,
		"Authorization", "Bearer "+p.Token(t, idptest.Claims{"sub": "owner"}))
	if status != http.StatusNoContent {
		t.Fatalf("grant: %d %s", status, body)
	}
	until(t, "the grant is decided by", func() bool {
		status, _ := ask(t, http.MethodHead, d.URL+"/v1/namespaces/sales/tables/orders", "", "Authorization", "Bearer "+p.Token(t, idptest.Claims{"sub": "ann"}))
		return status == http.StatusNoContent
	})
	for _, analyst := range analysts {
		t.Log(python(t, "grants_steps.py", d.URL, owner, analyst))
	}
}
