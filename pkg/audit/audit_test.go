package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/authz/authztest"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/logtest"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// told is a line, as far as tests look.
type told struct {
	Time       time.Time
	Service    string
	RequestID  string `json:"request_id"`
	Principal  string
	Issuer     string
	Operation  string
	Remote     string
	Via        string
	OnBehalfOf string `json:"on_behalf_of"`
	Decision   string
	Reason     string
	Status     int
	Error      string
	Omitted    int
	DurationMS *float64 `json:"duration_ms"`
	Asked      []struct {
		Privilege, Object string
		Allowed           bool
	}
}

// lines reads a file of lines.
func lines(t *testing.T, path string) []told {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []told
	for text := range strings.Lines(string(content)) {
		var one told
		if err := json.Unmarshal([]byte(text), &one); err != nil || !strings.HasSuffix(text, "\n") {
			t.Fatalf("%q is no line: %v", text, err)
		}
		all = append(all, one)
	}
	return all
}

func open(t *testing.T, trail audit.Trail) (*audit.Log, *logtest.Lines, *telemetry.Meters) {
	t.Helper()
	log := &logtest.Lines{}
	meters, err := telemetry.NewMeters()
	if err != nil {
		t.Fatal(err)
	}
	l, err := trail.OpenAudit("catalog", meters.Meter("test"), log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); meters.Close() })
	return l, log, meters
}

var (
	alice  = authn.Identity{Issuer: "corp", Subject: "alice"}
	orders = authz.In("default", "sales", authz.KindTable, authz.TableRef{Name: "orders"})
)

// deciding is a handler that asks whether the path's privilege is had on orders.
func deciding(t *testing.T) http.Handler {
	t.Helper()
	world := authztest.World{Warehouses: []authztest.WorldWarehouse{{Name: "default", Grants: []authz.Entry{
		authztest.Grant(authz.Namespace("default", "sales"), authz.Everyone, authz.Select),
	}}}}
	follower := authz.NewFollower(world.Journal(), time.Minute)
	t.Cleanup(func() { follower.Close() })
	grants, err := authz.NewGrants(follower)
	if err != nil {
		t.Fatal(err)
	}
	by := audit.Decider(grants)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := audit.From(r.Context())
		entry.Name("updateTable")
		privilege, err := authz.ParsePrivilege("privilege", strings.Trim(r.URL.Path, "/"))
		if err == nil {
			err = authz.Require(r.Context(), by, authn.From(r.Context()), authz.Question{Privilege: privilege, Object: orders})
		}
		if err != nil {
			entry.Fail(err)
			w.WriteHeader(fault.KindOf(err).HTTPStatus())
		}
	})
}

func ask(handler http.Handler, method, path string, header ...string) {
	ctx := telemetry.WithRequestID(authn.With(context.Background(), alice), "req-"+strings.Trim(path, "/"))
	r := httptest.NewRequestWithContext(ctx, method, path+"?token=s3cret", strings.NewReader("s3cret"))
	r.Header.Set("Authorization", "Bearer s3cret")
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	handler.ServeHTTP(httptest.NewRecorder(), r)
}

// TestLinesTellWhatWasDecided, of what changes something and what is refused, and
// of no secret.
func TestLinesTellWhatWasDecided(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l, _, _ := open(t, audit.Trail{AuditLog: path})
	handler := l.Handler(deciding(t))
	before := time.Now()
	ask(handler, http.MethodPost, "/write")  // refused
	ask(handler, http.MethodGet, "/select")  // a read
	ask(handler, http.MethodGet, "/drop")    // refused
	ask(handler, http.MethodPost, "/select") // a read, by a method that changes as a rule
	ask(handler, http.MethodPost, "/nonsense")
	l.Close()
	got := lines(t, path)
	if len(got) != 3 {
		t.Fatalf("%d lines: %+v", len(got), got)
	}
	first := got[0]
	if first.Service != "catalog" || first.RequestID != "req-write" || first.Principal != "corp:alice" || first.Issuer != "corp" ||
		first.Operation != "updateTable" || first.Remote != "192.0.2.1" || first.Via != "" || first.Decision != "refused" ||
		first.Reason != "corp:alice may not write table sales.orders in warehouse default" || first.Status != http.StatusForbidden ||
		first.Error != "ForbiddenException" || first.DurationMS == nil || first.Time.Before(before) || first.Time.After(time.Now()) {
		t.Errorf("%+v", first)
	}
	if len(first.Asked) != 1 || first.Asked[0].Privilege != "write" || first.Asked[0].Object != "table sales.orders in warehouse default" || first.Asked[0].Allowed {
		t.Errorf("%+v", first.Asked)
	}
	if refused := got[1]; refused.RequestID != "req-drop" || refused.Decision != "refused" {
		t.Errorf("%+v", refused)
	}
	if failed := got[2]; failed.Decision != "allowed" || failed.Status != http.StatusBadRequest || failed.Error != "BadRequestException" || failed.Reason != "" {
		t.Errorf("%+v", failed)
	}
	content, _ := os.ReadFile(path)
	if bytes.Contains(content, []byte("s3cret")) {
		t.Errorf("a secret is in %s", content)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// A request that was made of several has a line for each of them, and none for itself.
func TestPartsHaveLinesOfTheirOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l, _, _ := open(t, audit.Trail{AuditLog: path})
	whole := deciding(t)
	ask(l.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		audit.From(r.Context()).Part("CommitService/Commit", "req-1", "corp:bob")
		audit.From(r.Context()).Part("CommitService/Commit", "req-2", "corp:alice")
		whole.ServeHTTP(w, r)
	})), http.MethodPost, "/write")
	l.Close()
	got := lines(t, path)
	if len(got) != 2 {
		t.Fatalf("%d lines: %+v", len(got), got)
	}
	for i, behalf := range []string{"corp:bob", ""} {
		if one := got[i]; one.RequestID != fmt.Sprint("req-", i+1) || one.Operation != "CommitService/Commit" || one.Principal != "corp:alice" ||
			one.OnBehalfOf != behalf || one.Decision != "refused" || len(one.Asked) != 1 {
			t.Errorf("%+v", one)
		}
	}
}

func TestReadsAreToldWhereAskedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l, _, _ := open(t, audit.Trail{AuditLog: path, AuditReads: true})
	ask(l.Handler(deciding(t)), http.MethodGet, "/select")
	l.Close()
	if got := lines(t, path); len(got) != 1 || got[0].Decision != "allowed" || got[0].Status != http.StatusOK || !got[0].Asked[0].Allowed {
		t.Errorf("%+v", got)
	}
}

// TestProxiesAreBelievedThatAreTrusted, from the nearest on.
func TestProxiesAreBelievedThatAreTrusted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l, _, _ := open(t, audit.Trail{AuditLog: path, AuditTrustedProxies: []string{"192.0.2.0/24", "10.0.0.7"}})
	handler := l.Handler(deciding(t))
	cases := []struct{ header, remote, via string }{
		{"", "192.0.2.1", ""},
		{"203.0.113.9", "203.0.113.9", "192.0.2.1"},
		{"198.51.100.1, 203.0.113.9", "203.0.113.9", "192.0.2.1"},
		{"203.0.113.9, 10.0.0.7", "203.0.113.9", "192.0.2.1"},
		{"1.1.1.1, 203.0.113.9, 10.0.0.7", "203.0.113.9", "192.0.2.1"},
		{"2001:db8::1", "2001:db8::1", "192.0.2.1"},
		{"nonsense", "192.0.2.1", ""},
		{"203.0.113.9, nonsense", "192.0.2.1", ""},
	}
	for _, c := range cases {
		ask(handler, http.MethodPost, "/write", "X-Forwarded-For", c.header)
	}
	l.Close()
	for i, got := range lines(t, path) {
		if got.Remote != cases[i].remote || got.Via != cases[i].via {
			t.Errorf("%q: remote %s, via %s", cases[i].header, got.Remote, got.Via)
		}
	}
	other := filepath.Join(t.TempDir(), "audit.log")
	l, _, _ = open(t, audit.Trail{AuditLog: other})
	ask(l.Handler(deciding(t)), http.MethodPost, "/write", "X-Forwarded-For", "203.0.113.9")
	l.Close()
	if got := lines(t, other); got[0].Remote != "192.0.2.1" {
		t.Errorf("believed who is not trusted: %+v", got)
	}
	if err := (audit.Trail{AuditTrustedProxies: []string{"10.0.0.0/8", "proxy"}}).Check(); err == nil {
		t.Error("a name was taken for a network")
	}
}

// TestManyRequestsAreToldWhole, whoever writes at the same time.
func TestManyRequestsAreToldWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l, _, _ := open(t, audit.Trail{AuditLog: path})
	handler := l.Handler(deciding(t))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				ask(handler, http.MethodPost, "/write")
			}
		})
	}
	all.Wait()
	l.Close()
	if got := lines(t, path); len(got) != 1600 {
		t.Errorf("%d lines", len(got))
	}
}

// TestAPanicIsTold as what it is answered with further out.
func TestAPanicIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l, _, _ := open(t, audit.Trail{AuditLog: path})
	func() {
		defer func() { _ = recover() }()
		ask(l.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") })), http.MethodPost, "/write")
	}()
	l.Close()
	if got := lines(t, path); len(got) != 1 || got[0].Status != http.StatusInternalServerError || got[0].Error != "InternalServerError" {
		t.Errorf("%+v", got)
	}
}

// TestAFileThatWasMovedIsBegunAnew, by its name or at SIGHUP, and no line is lost.
func TestAFileThatWasMovedIsBegunAnew(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "audit.log")
	l, _, _ := open(t, audit.Trail{AuditLog: path})
	handler := l.Handler(deciding(t))
	ask(handler, http.MethodPost, "/write")
	until(t, "a line", func() bool { return len(lines(t, path)) == 1 })
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	ask(handler, http.MethodPost, "/drop")
	until(t, "a new file", func() bool { _, err := os.Stat(path); return err == nil && len(lines(t, path)) == 1 })
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-hup
	ask(handler, http.MethodPost, "/write")
	l.Close()
	if old, now := lines(t, path+".1"), lines(t, path); len(old) != 1 || len(now) != 2 || now[0].RequestID != "req-drop" {
		t.Errorf("%+v, then %+v", old, now)
	}
}

// TestAFullDiskCostsRequestsNothing: lines wait, what is too much is lost and
// counted, and what waited is written when there is room.
func TestAFullDiskCostsRequestsNothing(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full")
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	l, log, meters := open(t, audit.Trail{AuditLog: path})
	long := authz.In("default", strings.Repeat("n", 900), authz.KindTable, authz.TableRef{Name: "t"})
	by := audit.Decider(authz.Open{})
	handler := l.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for i := range 100 {
			long := long
			long.Warehouse = fmt.Sprint(i)
			_ = authz.Require(r.Context(), by, alice, authz.Question{Privilege: authz.Write, Object: long})
		}
	}))
	began := time.Now()
	for range 400 { // of about 100 KB each
		ask(handler, http.MethodPost, "/write")
	}
	if took := time.Since(began); took > 20*time.Second { // one wait is 100 ms: nearly all is work
		t.Errorf("400 requests took %s", took)
	}
	until(t, "the log to tell", func() bool { return strings.Contains(log.String(), "no space left") })
	counted := scrape(meters)
	if strings.Contains(counted, `igloo_audit_lines_total{result="lost",service="catalog"} 0`) || strings.Contains(counted, `igloo_audit_failures_total{service="catalog"} 0`) {
		t.Errorf("nothing is counted:\n%s", counted)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	until(t, "what waited to be written", func() bool {
		content, err := os.ReadFile(path)
		return err == nil && bytes.Count(content, []byte("\n")) > 50
	})
	l.Close()
	if n := len(lines(t, path)); n < 50 || n > 200 {
		t.Errorf("%d lines of about 16 MiB", n)
	}
}

func scrape(meters *telemetry.Meters) string {
	answer := httptest.NewRecorder()
	telemetry.Scrape(meters).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	body, _ := io.ReadAll(answer.Result().Body)
	return string(body)
}

func TestAFileThatCannotBeMadeIsRefused(t *testing.T) {
	trail := audit.Trail{AuditLog: filepath.Join(t.TempDir(), "none", "audit.log")}
	if _, err := trail.OpenAudit("catalog", nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("opened")
	}
	l, err := audit.Trail{}.OpenAudit("catalog", nil, slog.New(slog.DiscardHandler))
	if l != nil || err != nil || l.Close() != nil || l.Options() != nil {
		t.Errorf("%v, %v", l, err)
	}
	ask(l.Handler(deciding(t)), http.MethodPost, "/write")
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
	}
}
