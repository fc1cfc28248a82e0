package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// audited is a line of an audit log, as far as it is looked at.
type audited struct {
	Service    string
	RequestID  string `json:"request_id"`
	Principal  string
	OnBehalfOf string `json:"on_behalf_of"`
	Operation  string
	Remote     string
	Decision   string
	Reason     string
	Status     int
	Code       string
	Error      string
}

// TestCommitsAreAudited by both services under one request id: one that is allowed,
// and one that is refused, of which nothing is in the outbox.
func TestCommitsAreAudited(t *testing.T) {
	t.Setenv("IGLOO_AUTHORIZATION", "none") // it is about who acts for whom
	p := idptest.New(t)
	trusted, stranger := p.TokenFile(t, idptest.Claims{"sub": "catalog"}), p.TokenFile(t, idptest.Claims{"sub": "stranger"})
	// Which of the two the catalog is, is in the file that it shows.
	shown := filepath.Join(t.TempDir(), "token")
	become := func(file string) {
		t.Helper()
		token, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(shown, token, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	become(trusted)
	folder := t.TempDir()
	catalogLog, htsLog := filepath.Join(folder, "catalog.log"), filepath.Join(folder, "housetable.log")
	issuer := []string{"--auth-issuer", "corp=" + p.URL}
	d := iglootest.Split(t,
		append(issuer, "--housetable-token-file", shown, "--audit-log", catalogLog, "--admin", "corp:alice"),
		append(issuer, "--trusted-service", "corp:catalog", "--authorization", "none", "--audit-log", htsLog))
	alice := "Bearer " + p.Token(t, nil)
	commit := func(id, namespace string) (int, string) {
		t.Helper()
		return ask(t, http.MethodPost, d.URL+"/v1/namespaces", `{"namespace":["`+namespace+`"]}`, "Authorization", alice, "X-Request-Id", id)
	}
	if status, body := commit("req-allowed", "allowed"); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	become(stranger)
	d.Kill(t) // the catalog, which keeps what it has read of the file
	d.Restart(t)
	if status, body := commit("req-refused", "refused"); status != http.StatusForbidden {
		t.Fatalf("%d %s", status, body)
	}

	for id, want := range map[string][2]audited{
		"req-allowed": {
			{Service: "catalog", Principal: "corp:alice", Operation: "createNamespace", Decision: "allowed", Status: http.StatusOK},
			{Service: "housetable", Principal: "corp:catalog", OnBehalfOf: "corp:alice", Operation: "CommitService/Commit", Decision: "allowed", Code: "OK"},
		},
		"req-refused": {
			{Service: "catalog", Principal: "corp:alice", Operation: "createNamespace", Decision: "refused", Status: http.StatusForbidden, Error: "ForbiddenException"},
			{Service: "housetable", Principal: "corp:stranger", OnBehalfOf: "corp:alice", Operation: "CommitService/Commit", Decision: "refused", Code: "PermissionDenied", Error: "ForbiddenException"},
		},
	} {
		for i, path := range []string{catalogLog, htsLog} {
			got := auditedAs(t, path, id)
			if got.Remote != "127.0.0.1" || (got.Decision == "refused") != strings.Contains(got.Reason, "may not act for others") {
				t.Errorf("%+v", got)
			}
			got.Remote, got.Reason, got.RequestID = "", "", ""
			if got != want[i] {
				t.Errorf("%s:\n got %+v\nwant %+v", id, got, want[i])
			}
		}
	}
	for _, path := range []string{catalogLog, htsLog} {
		content, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(content), strings.TrimPrefix(alice, "Bearer ")) {
			t.Errorf("%s: %v, or the token is in it", path, err)
		}
	}
}

// auditedAs waits for the line of a request.
func auditedAs(t *testing.T, path, id string) audited {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			var one audited
			if err := json.Unmarshal([]byte(line), &one); err == nil && one.RequestID == id {
				return one
			}
		}
	}
	t.Fatalf("%s has no line of %s", path, id)
	return audited{}
}

// TestOneProcessAuditsOnce what one request did.
func TestOneProcessAuditsOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	d := iglootest.Shapes()[0].Start(t, "--audit-log", path)
	status, body := ask(t, http.MethodPost, d.URL+"/v1/namespaces", `{"namespace":["one"]}`, "X-Request-Id", "req-one")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	status, body = ask(t, http.MethodDelete, d.URL+"/hts/tables?databaseId=one&tableId=none", "", "X-Request-Id", "req-two")
	if status != http.StatusNotFound {
		t.Fatalf("%d %s", status, body)
	}
	first, second := auditedAs(t, path, "req-one"), auditedAs(t, path, "req-two")
	if first.Service != "catalog" || first.Principal != "anonymous" || first.Status != http.StatusOK {
		t.Errorf("%+v", first)
	}
	if second.Service != "housetable" || second.Operation != "UserTableService/DeleteUserTable" || second.Status != http.StatusNotFound || second.Error != "NoSuchTableException" {
		t.Errorf("%+v", second)
	}
	if content, _ := os.ReadFile(path); strings.Count(string(content), "\n") != 2 {
		t.Errorf("not one line each:\n%s", content)
	}
}
