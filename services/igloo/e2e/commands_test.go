package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/idptest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// shell runs the command line against a deployment.
type shell struct {
	*testing.T
	env []string
}

func shellOf(t *testing.T, d *iglootest.Deployment, env ...string) shell {
	t.Helper()
	return shell{T: t, env: append(env, "IGLOO_SERVER="+d.HTS, "IGLOO_CATALOG="+d.URL)}
}

// igloo is what the program writes, and the code that it ends with.
func (s shell) igloo(args ...string) (out, told string, code int) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 2*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, iglootest.Program(s.T, "igloo"), args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), s.env...), &stdout, &stderr
	err := cmd.Run()
	exit, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case ended:
		code = exit.ExitCode()
	case err != nil:
		s.Fatal(err)
	}
	if strings.Contains(stdout.String()+stderr.String(), s3test.SecretAccessKey) {
		s.Errorf("igloo %q shows a secret:\n%s%s", args, &stdout, &stderr)
	}
	return stdout.String(), stderr.String(), code
}

func (s shell) ok(args ...string) string {
	s.Helper()
	out, told, code := s.igloo(args...)
	if code != 0 || told != "" {
		s.Fatalf("igloo %q: code %d\n%s%s", args, code, out, told)
	}
	return out
}

// refused: a command fails, writes nothing but why, and why is the wanted.
func (s shell) refused(want string, args ...string) {
	s.Helper()
	if out, told, code := s.igloo(args...); code != 1 || out != "" || !strings.Contains(told, want) {
		s.Errorf("igloo %q: code %d, want 1 for %q\n%s%s", args, code, want, out, told)
	}
}

// TestWarehousesFromAShell: a warehouse on an S3 server, from its making to its end,
// with tables that PyIceberg writes and reads, which has no key of its own.
func TestWarehousesFromAShell(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d, s3 := shape.Start(t), s3test.NewWithSTS(t)
			s := shellOf(t, d, "KEY="+s3test.SecretAccessKey)
			store := []string{"--s3-endpoint", s3.Endpoint(), "--s3-region", s3test.Region, "--s3-path-style", "--s3-access-key-id", s3test.AccessKeyID, "--s3-secret-access-key-env", "KEY"}
			s.ok(append([]string{"warehouses", "create", "sales", "--location", "s3://lake/sales"}, store...)...)
			const role = "arn:aws:iam::000000000000:role/tables"
			s.refused("storage.s3.secret_access_key: must be given again", "warehouses", "update", "sales", "--s3-role-arn", role, "--s3-sts-endpoint", s3.STS())
			s.ok("warehouses", "update", "sales", "--s3-role-arn", role, "--s3-sts-endpoint", s3.STS(), "--s3-secret-access-key-env", "KEY")
			if out := s.ok("warehouses", "show", "sales"); !strings.Contains(out, "s3.secret_access_key") || !strings.Contains(out, "role/tables") {
				t.Errorf("shown:\n%s", out)
			}
			if out := s.ok("warehouses", "check", "sales"); !strings.HasSuffix(out, "/lake/sales\n") {
				t.Errorf("checked:\n%s", out)
			}
			s.ok("warehouses", "reseal", "sales")
			t.Log(python(t, "pyiceberg_steps.py", d.URL, "warehouse=sales"))
			if out := s.ok("warehouses", "list"); !strings.Contains(out, "sales    s3     s3://lake/sales") {
				t.Errorf("listed:\n%s", out)
			}
			s.withoutRights(s3)
			s.ends(d)
		})
	}
}

// withoutRights: a key that may not do everything is told what it may not.
func (s shell) withoutRights(s3 *s3test.Server) {
	s.Helper()
	id, secret := s3.User(s.T, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject"],"Resource":["arn:aws:s3:::lake/*"]}]}`)
	file := filepath.Join(s.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		s.Fatal(err)
	}
	profile := filepath.Join(s.TempDir(), "profile.yaml")
	text := fmt.Sprintf("s3:\n  endpoint: %s\n  region: %s\n  pathStyle: true\n", s3.Endpoint(), s3test.Region)
	if err := os.WriteFile(profile, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	key := []string{"--file", profile, "--s3-access-key-id", id, "--s3-secret-access-key-file", file}
	const missing = "the right to list objects is missing at root s3://lake/"
	s.refused(missing+"poor", append([]string{"warehouses", "create", "poor", "--location", "s3://lake/poor"}, key...)...)
	s.refused("does not exist (404 Not Found)", "warehouses", "show", "poor")
	s.refused(missing+"sales", append([]string{"warehouses", "update", "sales"}, key...)...)
}

// ends: a warehouse that holds something is not deleted, and one that does not is.
func (s shell) ends(d *iglootest.Deployment) {
	s.Helper()
	posted(s.T, d.URL+"/v1/sales/namespaces", `{"namespace":["last"]}`, 200)
	if _, told, code := s.igloo("warehouses", "delete", "sales"); code != 2 || !strings.Contains(told, "--yes") {
		s.Errorf("without --yes: code %d, %s", code, told)
	}
	s.refused("(409 Conflict)", "warehouses", "delete", "sales", "--yes")
	s.ok("warehouses", "create", "empty")
	s.ok("warehouses", "delete", "empty", "--yes", "--output", "json")
	s.refused(`warehouse "empty" does not exist`, "warehouses", "check", "empty")
}

// TestShellsShowTokens to the house table service, of an identity provider's.
func TestShellsShowTokens(t *testing.T) {
	p := idptest.New(t)
	issuer := []string{"--auth-issuer", "corp=" + p.URL}
	d := iglootest.Split(t,
		append(issuer, "--housetable-token-file", p.TokenFile(t, idptest.Claims{"sub": "catalog"})),
		append(issuer, "--trusted-service", "corp:catalog", "--admin", "corp:alice"))
	shellOf(t, d).refused("no token was sent", "warehouses", "list")
	s := shellOf(t, d, "IGLOO_TOKEN_FILE="+p.TokenFile(t, nil))
	s.ok("warehouses", "create", "sales")
	s.ok("warehouses", "list")
}

// TestShellsShowCertificates instead of tokens, and go to nobody whose authority
// they do not know.
func TestShellsShowCertificates(t *testing.T) {
	d := iglootest.SplitOverTLS(t, nil, nil)
	alice := d.Authority.Issue(t, "alice")
	shellOf(t, d.Deployment).refused("certificate", "warehouses", "list")
	s := shellOf(t, d.Deployment, "IGLOO_SERVER_TLS_CA_FILE="+d.Authority.File)
	s.refused("401", "warehouses", "list")
	s.ok("warehouses", "list", "--server-tls-cert-file", alice.Cert, "--server-tls-key-file", alice.Key)
	if _, told, code := s.igloo("warehouses", "list", "--server-tls-cert-file", alice.Cert); code != 2 || !strings.Contains(told, "go together") {
		t.Errorf("half a certificate: code %d, %s", code, told)
	}
}

// TestAccessFromAShell: roles and grants of both shapes, and why somebody may do
// what they may.
func TestAccessFromAShell(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			s := shellOf(t, d)
			posted(t, d.URL+"/v1/namespaces", `{"namespace":["acc"]}`, 200)
			s.ok("roles", "create", "readers")
			s.ok("roles", "add-member", "readers", "group:corp:analysts")
			s.ok("grants", "give", "role:readers", "select", "namespace:acc")
			if out := s.ok("grants", "list", "namespace:acc"); !strings.Contains(out, "namespace:acc  select     role:readers") {
				t.Errorf("listed:\n%s", out)
			}
			if out := s.ok("roles", "show", "readers", "-o", "json"); !strings.Contains(out, `"group:corp:analysts"`) {
				t.Errorf("shown:\n%s", out)
			}
			s.ok("explain", "corp:alice", "select", "namespace:acc", "--group", "corp:analysts")
			s.refused("is still granted something", "roles", "delete", "readers", "--yes")
			s.ok("grants", "revoke", "role:readers", "select", "namespace:acc")
			s.ok("roles", "remove-member", "readers", "group:corp:analysts")
			s.ok("roles", "delete", "readers", "--yes")
		})
	}
}
