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

// TestAuthWithoutAProvider: one flag closes the door, and PyIceberg passes with the
// credential that the data folder holds, and nothing else set.
func TestAuthWithoutAProvider(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "closed")
	d := iglootest.Shapes()[0].Start(t, "--auth", "--data-dir", folder)
	for _, path := range []string{"/v1/config", "/v1/namespaces", "/v1/nowhere", "/hts/databases", "/hts/tables?databaseId=a&tableId=b"} {
		if status, body := ask(t, http.MethodGet, d.URL+path, ""); status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d %s", path, status, body)
		}
	}
	file := filepath.Join(folder, "root.credential")
	credential, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", file, info.Mode(), err)
	}
	out := python(t, "pyiceberg_steps.py", d.URL, "credential="+string(credential))
	t.Log(out)
	if _, secret, _ := strings.Cut(string(credential), ":"); strings.Contains(d.Output(), secret) {
		t.Error("the program wrote the secret")
	}
	d.Kill(t)
	d.Restart(t)
	status, body := ask(t, http.MethodPost, d.URL+"/v1/oauth/tokens",
		"grant_type=client_credentials&client_id=root&client_secret="+strings.TrimPrefix(string(credential), "root:"),
		"Content-Type", "application/x-www-form-urlencoded")
	if status != http.StatusOK {
		t.Errorf("a token after a restart: %d %s", status, body)
	}
}

// TestAuthOfAProvider: users bring tokens of an identity provider, the catalog has
// one of its own for the house table service, and histories name the users.
func TestAuthOfAProvider(t *testing.T) {
	p := idptest.New(t)
	file := p.TokenFile(t, idptest.Claims{"sub": "catalog"})
	issuer := []string{"--auth-issuer", "corp=" + p.URL}
	d := iglootest.Split(t,
		append(issuer, "--housetable-token-file", file, "--admin", "corp:alice", "--admin", "corp:bob"),
		append(issuer, "--trusted-service", "corp:catalog", "--admin", "corp:alice"))
	alice, bob := "Bearer "+p.Token(t, nil), "Bearer "+p.Token(t, idptest.Claims{"sub": "bob"})
	out := python(t, "pyiceberg_steps.py", d.URL, "token="+strings.TrimPrefix(alice, "Bearer "))
	t.Log(out)

	for _, c := range []struct{ path, body string }{
		{"/v1/namespaces", `{"namespace":["who"]}`},
		{"/v1/namespaces/who/tables", `{"name":"t","schema":` + oneColumn + `}`},
	} {
		if status, body := ask(t, http.MethodPost, d.URL+c.path, c.body, "Authorization", bob); status != http.StatusOK {
			t.Fatalf("%s: %d %s", c.path, status, body)
		}
	}
	status, body := ask(t, http.MethodPost, d.URL+"/v1/namespaces/who/tables/t",
		`{"requirements":[{"type":"assert-current-schema-id","current-schema-id":7}],"updates":[]}`, "Authorization", alice)
	if status != http.StatusConflict || !strings.Contains(body, "by corp:bob") {
		t.Errorf("the winner: %d %s", status, body)
	}
	expired := "Bearer " + p.Token(t, idptest.Claims{"exp": 1700000000})
	if status, body := ask(t, http.MethodGet, d.URL+"/v1/config", "", "Authorization", expired); status != http.StatusUnauthorized ||
		!strings.Contains(body, "expired at 2023-11-14T22:13:20Z") || !strings.Contains(body, `"type":"NotAuthorizedException"`) {
		t.Errorf("expired: %d %s", status, body)
	}
	for token, want := range map[string]int{"": http.StatusUnauthorized, expired: http.StatusUnauthorized, alice: http.StatusNotFound} {
		var header []string
		if token != "" {
			header = []string{"Authorization", token}
		}
		if status, body := ask(t, http.MethodGet, d.HTS+"/hts/tables?databaseId=no&tableId=no", "", header...); status != want {
			t.Errorf("/hts with %.20q: %d %s, want %d", token, status, body, want)
		}
	}
}
