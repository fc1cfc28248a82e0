package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// provider is an identity provider that others keep, whose key is a new one at each
// start.
type provider struct {
	url     string
	command proctest.Command
	process *proctest.Process
}

// startProvider runs one until the test ends.
func startProvider(t *testing.T) *provider {
	t.Helper()
	folder := os.Getenv("IGLOO_OIDC")
	if folder == "" {
		proctest.Absent(t, errors.New("IGLOO_OIDC names no folder with oidc-provider"), "test")
	}
	port := proctest.Port(t)
	p := &provider{
		url:     fmt.Sprintf("http://127.0.0.1:%d", port),
		command: proctest.Command{Path: proctest.Program(t, "node", "test"), Args: []string{"oidc.mjs", folder, strconv.Itoa(port)}},
	}
	p.start(t)
	t.Cleanup(func() { _ = p.process.Kill() })
	return p
}

func (p *provider) start(t *testing.T) {
	t.Helper()
	process, err := proctest.Start(p.command)
	if err != nil {
		t.Fatal(err)
	}
	p.process = process
	proctest.Await(t, process, time.Minute, func(ctx context.Context) error {
		if !iglootest.Answers(ctx, p.url+"/.well-known/openid-configuration") {
			return errors.New("no discovery document")
		}
		return nil
	})
}

// rotate replaces the provider's key.
func (p *provider) rotate(t *testing.T) {
	t.Helper()
	if err := p.process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.start(t)
}

// token is one that a client gets for its credential.
func (p *provider) token(t *testing.T, client string) string {
	t.Helper()
	status, body := ask(t, http.MethodPost, p.url+"/token",
		"grant_type=client_credentials&scope=catalog&client_id="+client+"&client_secret=secret-of-"+client,
		"Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("token of %s: %d %s, %v", client, status, body, err)
	}
	return answer.Token
}

// TestAuthOfOthersProvider: with a provider that we have not written, PyIceberg gets
// its tokens by a credential, the catalog has one of its own, clients are told what
// the provider can do, and a key that is replaced is found.
func TestAuthOfOthersProvider(t *testing.T) {
	p := startProvider(t)
	issuer := []string{"--auth-issuer", "corp=" + p.url}
	d := iglootest.Split(t,
		append(issuer, "--housetable-token-file", file(t, p.token(t, "catalog")), "--admin", "corp:spark"),
		append(issuer, "--trusted-service", "corp:catalog"))
	out := python(t, "pyiceberg_steps.py", d.URL, "credential=spark:secret-of-spark", "oauth2-server-uri="+p.url+"/token")
	t.Log(out)
	before := p.token(t, "spark")
	status, body := ask(t, http.MethodGet, d.URL+"/v1/config", "", "Authorization", "Bearer "+before)
	if status != http.StatusOK || !strings.Contains(body, `"oauth2-server-uri":"`+p.url+`/token"`) || !strings.Contains(body, `"token-exchange-enabled":"false"`) {
		t.Errorf("what clients are told: %d %s", status, body)
	}
	p.rotate(t)
	after := p.token(t, "spark")
	until(t, "a token of the new key is believed", func() bool {
		status, _ := ask(t, http.MethodGet, d.URL+"/v1/namespaces", "", "Authorization", "Bearer "+after)
		return status == http.StatusOK
	})
	for name, token := range map[string]string{"seen before": before, "cut": before[:len(before)-3], "none": ""} {
		status, body := ask(t, http.MethodGet, d.URL+"/v1/namespaces", "", "Authorization", "Bearer "+token)
		if (status == http.StatusOK) != (name == "seen before") || status >= http.StatusInternalServerError {
			t.Errorf("a token that is %s: %d %s", name, status, body)
		}
	}
}
