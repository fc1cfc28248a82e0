package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/services/catalog/internal/htsfake"
)

// TestClientsAreToldOfTokens: who asks has a token, and is told where the next one
// comes from.
func TestClientsAreToldOfTokens(t *testing.T) {
	provider, exchanging, elsewhere := idptest.New(t), idptest.New(t), idptest.New(t)
	exchanging.Exchange()
	cfg := config(t)
	cfg.Access.Authorization = authz.ByNothing
	cfg.AuthIssuers, cfg.AuthAudiences = []string{"corp=" + provider.URL, "other=" + exchanging.URL}, []string{"igloo"}
	front := httptest.NewServer(open(t, cfg, htsfake.New().Conn()).Handler())
	t.Cleanup(front.Close)
	defaults := func(t *testing.T, token string) map[string]string {
		t.Helper()
		status, body := request(t, http.MethodGet, front.URL+"/v1/config", "", token)
		var answer struct {
			Defaults map[string]string `json:"defaults"`
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s, %v", status, body, err)
		}
		return answer.Defaults
	}
	t.Run("A1", func(t *testing.T) {
		for _, p := range []*idptest.Provider{provider, exchanging} {
			if told := defaults(t, p.Token(t, nil)); told["oauth2-server-uri"] != p.URL+"/token" {
				t.Errorf("of %s: %q", p.URL, told)
			}
		}
		for _, path := range []string{"/v1/config", "/v1/namespaces", "/v1/nowhere", "/v1/namespaces/n/tables/t"} {
			if status, body := request(t, http.MethodGet, front.URL+path, "", ""); status != http.StatusUnauthorized {
				t.Errorf("%s without a token: %d %s", path, status, body)
			}
		}
		if status, body := request(t, http.MethodPost, front.URL+"/v1/oauth/tokens", "", ""); status != http.StatusNotAcceptable || !strings.Contains(body, "oauth2-server-uri") {
			t.Errorf("a token of the catalog: %d %s", status, body)
		}
	})
	t.Run("A2", func(t *testing.T) {
		for token, says := range map[string]string{"": "no token was sent", "x": "no JWT", elsewhere.Token(t, nil): "not trusted here"} {
			if status, body := request(t, http.MethodGet, front.URL+"/v1/config", "", token); status != http.StatusUnauthorized || !strings.Contains(body, says) {
				t.Errorf("want %q: %d %s", says, status, body)
			}
		}
	})
	t.Run("A3", func(t *testing.T) {
		token := provider.Token(t, nil)
		if status, body := request(t, http.MethodPost, front.URL+"/v1/namespaces", `{"namespace":["n"]}`, token); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		status, body := request(t, http.MethodPost, front.URL+"/v1/namespaces/n/tables", `{"name":"t","schema":{"type":"struct","fields":[]}}`, token)
		if status != http.StatusOK || strings.Contains(body, `"token"`) || strings.Contains(body, "token-type") {
			t.Errorf("a table has a token: %d %s", status, body)
		}
	})
	t.Run("A4", func(t *testing.T) {
		for want, p := range map[string]*idptest.Provider{"false": provider, "true": exchanging} {
			if told := defaults(t, p.Token(t, nil)); told["token-exchange-enabled"] != want {
				t.Errorf("of %s: %q, want %s", p.URL, told, want)
			}
		}
	})
}

// request asks with a token, if there is one.
func request(t *testing.T, method, url, body, token string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(read)
}
