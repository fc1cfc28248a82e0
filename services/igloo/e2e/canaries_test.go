package e2e_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/pkg/otlptest"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/redistest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/pkg/seal"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// canaries are secrets by what they are, and all that was told to anybody.
type canaries struct {
	secrets map[string]string
	told    strings.Builder
	// traces are what the programs sent of them.
	traces *otlptest.Collector
}

// ask notes an answer, its body and its headers.
func (c *canaries) ask(t *testing.T, method, target, body string, header ...string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	c.told.WriteString(method + " " + request.URL.Path + "\n")
	if err := response.Write(&c.told); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

// look fails for each secret that was told, as it is or in one of the codings that
// it would be told in.
func (c *canaries) look(t *testing.T, d *iglootest.Deployment) {
	t.Helper()
	const last = "the-last-request"
	c.ask(t, "GET", d.URL+"/v1/config", "", "X-Request-Id", last)
	if !strings.Contains(d.Written(), "level=DEBUG") {
		t.Error("the programs do not write what they could")
	}
	until(t, "the traces come", func() bool { return strings.Contains(c.traces.Text(t), last) })
	for place, text := range map[string]string{"the output": d.Written(), "--print-config": d.PrintConfig(t), "answers": c.told.String(), "traces": c.traces.Text(t)} {
		for kind, secret := range c.secrets {
			for _, coded := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if at := strings.Index(text, coded); at >= 0 {
					t.Errorf("%s of Igloo hold the %s: …%s", place, kind, text[max(0, at-200):at+len(coded)])
				}
			}
		}
	}
}

// withPassword is an address with a password that its server does not ask for.
func withPassword(t *testing.T, address, user, password string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(user, password)
	return parsed.String()
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSplitTellsNoSecret runs the services with a secret of every kind, through
// requests that succeed and fail, and looks for them in all that they tell.
func TestSplitTellsNoSecret(t *testing.T) {
	p, store, key := idptest.New(t), s3test.New(t), seal.NewKey("test")
	_, sealing, _ := strings.Cut(key, ":")
	adls := base64.StdEncoding.EncodeToString([]byte("canary of the account"))
	c := &canaries{traces: collecting(t, "grpc"), secrets: map[string]string{
		"database's password": "canary-database", "Redis' password": "canary-redis", "key to S3": "canary-s3-static", "key to Azure": adls,
		"key of plans": "canary-of-scan-plans", "sealing key": sealing, "token of the catalog": p.Token(t, idptest.Claims{"sub": "catalog"}),
		"token of a user": p.Token(t, nil), "expired token": p.Token(t, idptest.Claims{"exp": 1700000000}), "token that is none": "canary-of-no-token",
		"token in a query": "canary-in-a-query", "key of a warehouse": s3test.SecretAccessKey, "wrong key of a warehouse": "canary-wrong-key",
	}}
	both := []string{"--auth-issuer", "corp=" + p.URL, "--seal-keys-file", file(t, key), "--log-level", "debug"}
	postgres := pgtest.New(t, nil)
	parsed, err := url.Parse(postgres)
	if err != nil {
		t.Fatal(err)
	}
	d := iglootest.Split(t,
		append(both, "--admin", "corp:alice", "--housetable-token-file", file(t, c.secrets["token of the catalog"]), "--trusted-service", "corp:housetable",
			"--redis-url", withPassword(t, redistest.New(t).URL(), "", c.secrets["Redis' password"]), "--plan-key", c.secrets["key of plans"], "--commit-deadline", "2s",
			"--s3-endpoint", "http://127.0.0.1:1", "--s3-region", "us-east-1", "--s3-access-key-id", "id", "--s3-secret-access-key", c.secrets["key to S3"],
			"--adls-account", "lake", "--adls-endpoint", "http://127.0.0.1:1/lake", "--adls-account-key", adls,
			"--allowed-roots", "s3://lake/a,abfss://c@lake.dfs.core.windows.net/a"),
		append(both, "--database-url", withPassword(t, postgres, parsed.User.Username(), c.secrets["database's password"]), "--migrate",
			"--prober-token-file", p.TokenFile(t, idptest.Claims{"sub": "housetable"}), "--trusted-service", "corp:catalog", "--admin", "corp:alice"))
	alice := []string{"Authorization", "Bearer " + c.secrets["token of a user"], "Idempotency-Key", "019aa1b2-0000-7000-8000-00000000000c"}
	for _, step := range []struct {
		method, target, body string
		header               []string
		status               int
	}{
		{"GET", d.URL + "/v1/config", "", alice[:2], 200},
		{"GET", d.URL + "/v1/config?access_token=" + c.secrets["token in a query"], "", nil, 401},
		{"GET", d.URL + "/v1/config", "", []string{"Authorization", "Bearer " + c.secrets["token that is none"]}, 401},
		{"GET", d.HTS + "/hts/databases", "", []string{"Authorization", "Basic " + c.secrets["token that is none"]}, 401},
		{"GET", d.URL + "/v1/config", "", []string{"Authorization", "Bearer " + c.secrets["expired token"]}, 401},
		{"POST", d.URL + "/v1/namespaces", `{"namespace":["n"]}`, alice, 200},
		{"POST", d.URL + "/v1/namespaces/n/tables", `{"name":"t","schema":` + oneColumn + `}`, alice[:2], 200},
		{"POST", d.URL + "/v1/namespaces/n/tables", `{"name":"u","location":"abfss://c@lake.dfs.core.windows.net/a/u","schema":` + oneColumn + `}`, alice[:2], 0},
		{"POST", d.URL + "/v1/namespaces/n/tables", `{"name":"u","location":"s3://lake/a/u","schema":` + oneColumn + `}`, alice[:2], 0},
		{"POST", d.URL + "/v1/namespaces/n/tables/t/plan", `{}`, alice[:2], 200},
		{"POST", d.HTS + "/hts/warehouses", warehouseOn(store, "own", s3test.SecretAccessKey), alice[:2], 201},
		{"POST", d.HTS + "/hts/warehouses", strings.Replace(warehouseOn(store, "bad", c.secrets["wrong key of a warehouse"]), "s3://lake/w", "s3://lake/v", 1), alice[:2], 403},
		{"GET", d.HTS + "/hts/warehouses/own", "", alice[:2], 200},
		{"GET", d.URL + "/metrics", "", nil, 200},
		{"GET", d.HTS + "/metrics", "", nil, 200},
	} {
		if status := c.ask(t, step.method, step.target, step.body, step.header...); status != step.status && step.status != 0 {
			t.Errorf("%s %s: %d, want %d", step.method, step.target, status, step.status)
		}
	}
	d.KillHouseTables(t)
	if status := c.ask(t, "POST", d.URL+"/v1/namespaces", `{"namespace":["m"]}`, alice[:2]...); status < 500 {
		t.Errorf("without house tables: %d", status)
	}
	c.look(t, d)
}

// TestEmbeddedTellsNoSecret is the same for the secrets of a data folder.
func TestEmbeddedTellsNoSecret(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	traces := collecting(t, "grpc")
	d := iglootest.Shapes()[0].Start(t, "--auth", "--data-dir", folder, "--log-level", "debug")
	c := &canaries{traces: traces, secrets: map[string]string{"wrong secret of a client": "canary-of-a-client"}}
	for _, name := range []string{"root.credential", "plan.key", "tokens.key"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimPrefix(strings.TrimSpace(string(content)), "root:"), "\n")
		c.secrets[name] = lines[len(lines)/2]
	}
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for body, status := range map[string]int{
		"grant_type=client_credentials&client_id=root&client_secret=canary-of-a-client": 401,
		"grant_type=canary-of-a-client": 400,
		"grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=canary-of-a-client": 400,
	} {
		if found := c.ask(t, "POST", d.URL+"/v1/oauth/tokens", body, form...); found != status {
			t.Errorf("%s: %d, want %d", body, found, status)
		}
	}
	c.ask(t, "GET", d.URL+"/v1/config", "", "Authorization", "Bearer canary-of-a-client")
	c.look(t, d)
}

// TestStartsThatFailTellNoSecret: what is wrong with a setting is told without the
// secret that is in it.
func TestStartsThatFailTellNoSecret(t *testing.T) {
	const canary = "canary-of-a-start"
	root := "file://" + t.TempDir()
	for _, c := range []struct {
		program string
		args    []string
	}{
		{"housetable", []string{"migrate", "--database-url", "postgres://me:" + canary + "@127.0.0.1:1/igloo"}},
		{"housetable", []string{"serve", "--database-url", "postgres://me:" + canary + "@[bad/igloo"}},
		{"housetable", []string{"serve", "--database-url", "postgres://me:" + canary + "@127.0.0.1/igloo?sslmode=no"}},
		{"housetable", []string{"serve", "--database-url", "sqlite:///no/such/folder/x.db", "--seal-keys-file", file(t, "test:"+canary)}},
		{"catalog", []string{"serve", "--housetable", "127.0.0.1:1", "--warehouse-root", root, "--redis-url", "redis://:" + canary + "@[bad/0"}},
		{"catalog", []string{"serve", "--housetable", "127.0.0.1:1", "--warehouse-root", root, "--redis-url", canary + "@127.0.0.1:6379/0"}},
		{"catalog", []string{"serve", "--housetable", "127.0.0.1:1", "--warehouse-root", "abfss://c@lake.dfs.core.windows.net/a", "--adls-account", "lake", "--adls-account-key", canary}},
		{"catalog", []string{"serve", "--housetable", "127.0.0.1:1", "--warehouse-root", root, "--plan-key", canary[:9]}},
		{"catalog", []string{"serve", "--housetable", "127.0.0.1:1", "--warehouse-root", root, "--s3-secret-access-key", canary}},
		{"igloo", []string{"serve", "--data-dir", filepath.Join(t.TempDir(), "x"), "--seal-keys-file", file(t, canary)}},
		{"igloo", []string{"serve", "--data-dir", filepath.Join(t.TempDir(), "x"), "--tls-cert-file", file(t, canary), "--tls-key-file", file(t, canary)}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		out, err := exec.CommandContext(ctx, iglootest.Program(t, c.program), c.args...).CombinedOutput()
		cancel()
		if err == nil || ctx.Err() == context.DeadlineExceeded || strings.Contains(string(out), canary[:9]) {
			t.Errorf("%s %q: %v\n%s", c.program, c.args, err, out)
		}
	}
}
