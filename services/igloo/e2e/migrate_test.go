package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestMigrationsShowWhoAsks: from a closed catalog into another, each is shown a
// credential or a token. Without one, or with a wrong one, nothing is told, and nothing
// is done.
func TestMigrationsShowWhoAsks(t *testing.T) {
	from, fromKey := closed(t)
	to, toKey := closed(t)
	bearer := issued(t, from.URL, fromKey)
	filled(t, from.URL, "Authorization", "Bearer "+bearer)
	s := shellOf(t, to, "IGLOO_CREDENTIAL_FILE="+toKey)
	migrate := func(more ...string) []string { return append([]string{"migrate-from", from.URL, "--apply"}, more...) }
	s.refused("the other catalog: ", migrate()...)
	s.refused("the server issues no token", migrate("--from-credential-file", secretFile(t, "root:wrong"))...)
	s.refused("the other catalog: ", migrate("--from-token-file", secretFile(t, "none"))...)
	if _, told, code := shellOf(t, to).igloo(migrate("--from-credential-file", fromKey)...); code != 1 || !strings.Contains(told, "no token was sent") {
		t.Errorf("nobody to the one that is brought in to: code %d, %s", code, told)
	}
	if out := s.ok("namespaces", "list"); strings.Contains(out, "sales") {
		t.Fatalf("who was refused has made\n%s", out)
	}
	if out := outcomes(s.ok(migrate("--from-credential-file", fromKey, "--output", "jsonl")...)); !slices.Equal(out, []string{"make", "make", "make"}) {
		t.Errorf("by a credential: %q", out)
	}
	if out := outcomes(s.ok(migrate("--from-token-file", secretFile(t, bearer), "--output", "jsonl")...)); !slices.Equal(out, []string{"there", "there", "there"}) {
		t.Errorf("by a token: %q", out)
	}
	placed := func(at, token string) string {
		return metadataLocation(t, at+"/v1/namespaces/sales/tables/orders", token) + metadataLocation(t, at+"/v1/namespaces/sales/views/recent", token)
	}
	if is, was := placed(to.URL, issued(t, to.URL, toKey)), placed(from.URL, bearer); is != was {
		t.Errorf("they are at %s, were at %s", is, was)
	}
}

// TestMigrationsBringWhatTheirCallerMaySee of the other catalog, and nothing else.
func TestMigrationsBringWhatTheirCallerMaySee(t *testing.T) {
	corp := idptest.New(t)
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			from := shape.StartGuarded(t, corp, "--authorization-lag", "500ms")
			owner, ann := "Bearer "+corp.Token(t, idptest.Claims{"sub": "owner"}), corp.Token(t, idptest.Claims{"sub": "ann"})
			filled(t, from.URL, "Authorization", owner)
			asked(t, from.URL+"/v1/namespaces/sales/tables", `{"name":"hidden","schema":`+oneColumn+`}`, "Authorization", owner)
			status, text := ask(t, http.MethodPost, from.HTS+"/hts/access/grants",
				`{"grants":[{"object":{"kind":"table","databaseId":"sales","tableId":"orders"},"grantee":"user:corp:ann","privilege":"select"}]}`, "Authorization", owner)
			if status != http.StatusNoContent {
				t.Fatalf("grant: %d %s", status, text)
			}
			until(t, "ann may see orders", func() bool {
				status, _ := ask(t, http.MethodGet, from.URL+"/v1/namespaces/sales/tables/orders", "", "Authorization", "Bearer "+ann)
				return status == http.StatusOK
			})
			s := shellOf(t, iglootest.Shapes()[0].Start(t))
			s.ok("migrate-from", from.URL, "--apply", "--from-token-file", secretFile(t, ann))
			if out := s.ok("tables", "list", "sales"); !strings.Contains(out, "orders") || strings.Contains(out, "hidden") {
				t.Errorf("brought in:\n%s", out)
			}
			s.refused("does not exist", "views", "show", "sales.recent")
		})
	}
}

// closed is an Igloo that issues tokens itself, and the file with the credential of who
// may do everything.
func closed(t *testing.T) (d *iglootest.Deployment, credential string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "closed")
	return iglootest.Shapes()[0].Start(t, "--auth", "--data-dir", folder), filepath.Join(folder, "root.credential")
}

// issued is a token that an Igloo issues for the credential in a file.
func issued(t *testing.T, server, file string) string {
	t.Helper()
	credential, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	id, secret, _ := strings.Cut(strings.TrimSpace(string(credential)), ":")
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
	status, text := ask(t, http.MethodPost, server+"/v1/oauth/tokens", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("no token: %d %s", status, text)
	}
	return answer.Token
}

func secretFile(t *testing.T, secret string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// filled makes a namespace with a table and a view.
func filled(t *testing.T, server string, header ...string) {
	t.Helper()
	asked(t, server+"/v1/namespaces", `{"namespace":["sales"]}`, header...)
	asked(t, server+"/v1/namespaces/sales/tables", `{"name":"orders","schema":`+oneColumn+`}`, header...)
	asked(t, server+"/v1/namespaces/sales/views", `{"name":"recent","properties":{},"schema":`+oneColumn+`,"view-version":{"version-id":1,"schema-id":0,"timestamp-ms":1,
		"summary":{},"default-namespace":["sales"],"representations":[{"type":"sql","sql":"SELECT 1","dialect":"spark"}]}}`, header...)
}

// asked posts what has to be taken.
func asked(t *testing.T, address, body string, header ...string) {
	t.Helper()
	if status, text := ask(t, http.MethodPost, address, body, header...); status != http.StatusOK {
		t.Fatalf("%s: %d %s", address, status, text)
	}
}

// outcomes are those of the steps of a migration, as it tells them in JSON.
func outcomes(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		var step struct{ Outcome string }
		_ = json.Unmarshal([]byte(line), &step) // what is no step has none
		all = append(all, step.Outcome)
	}
	return all
}

func metadataLocation(t *testing.T, address, token string) string {
	t.Helper()
	status, text := ask(t, http.MethodGet, address, "", "Authorization", "Bearer "+token)
	var loaded struct {
		Location string `json:"metadata-location"`
	}
	if err := json.Unmarshal([]byte(text), &loaded); err != nil || status != http.StatusOK || loaded.Location == "" {
		t.Fatalf("%s: %d %s", address, status, text)
	}
	return loaded.Location
}
