package vend_test

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/gcstest"
	"github.com/igloo-catalog/igloo/pkg/objectstore/gcs"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/vend"
)

// googleLake is a store of Google's kind that keeps to what tokens are for.
type googleLake struct {
	server *gcstest.Server
	vendor *vend.Vendor
}

func newGoogleLake(t *testing.T) *googleLake {
	t.Helper()
	l := &googleLake{server: gcstest.NewWithSTS(t)}
	cfg := gcs.Config{Endpoint: l.server.Endpoint(), ServiceAccount: l.server.ServiceAccount(t)}
	tokens, err := gcs.NewTokenService(cfg, l.server.STS())
	if err != nil {
		t.Fatal(err)
	}
	issuer := vend.NewGCS(tokens, vend.GCSConfig{Project: tokens.Project(t.Context()), Endpoint: l.server.Endpoint()})
	if l.vendor, err = vend.New(catalog.DelegateOnRequest, map[string]vend.Issuer{"gs": issuer}, nil); err != nil {
		t.Fatal(err)
	}
	own, err := gcs.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/1", "ab/1", "b/1", "data/a/1", `it's\a/1`} {
		if err := own.Create(t.Context(), "gs://"+gcstest.Bucket+"/"+name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (l *googleLake) vend(t *testing.T, g catalog.Grant) catalog.Access {
	t.Helper()
	g.Ways = []catalog.Way{catalog.VendedCredentials}
	access, err := l.vendor.Vend(t.Context(), g)
	if err != nil || len(access.Credentials) != 1 {
		t.Fatalf("%+v, %v", access, err)
	}
	return access
}

// ask is the status of a request with a client's key.
func (l *googleLake) ask(t *testing.T, access catalog.Access, method, path string) int {
	t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("x")
	}
	request, err := http.NewRequestWithContext(t.Context(), method, l.server.Endpoint()+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+access.Config["gcs.oauth2.token"])
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

const googleObjects = "/storage/v1/b/" + gcstest.Bucket + "/o"

func objectPath(name string) string { return googleObjects + "/" + url.PathEscape(name) }
func listPath(prefix string) string { return googleObjects + "?prefix=" + url.QueryEscape(prefix) }
func uploadPath(name string) string {
	return "/upload" + googleObjects + "?uploadType=media&name=" + url.QueryEscape(name)
}

// The server evaluates the boundary that it was sent for the token.
func TestATokenOfGoogleOpensOneTable(t *testing.T) {
	l := newGoogleLake(t)
	for name, c := range map[string]struct {
		locations, opens, refuses []string
	}{
		"one folder":                  {[]string{"gs://lake/a"}, []string{"a"}, []string{"b", "ab", "data/a", ""}},
		"data elsewhere":              {[]string{"gs://lake/a/", "gs://lake/data/a", "gs://lake/a/metadata"}, []string{"a", "data/a"}, []string{"b", "ab", "data"}},
		"a name that conditions read": {[]string{`gs://lake/it's\a`}, []string{`it's\a`}, []string{"a", "it"}},
	} {
		t.Run(name, func(t *testing.T) {
			access := l.vend(t, catalog.Grant{Locations: c.locations, Write: true})
			for _, folder := range c.opens {
				for method, path := range map[string]string{"GET": objectPath(folder + "/1"), "POST": uploadPath(folder + "/2")} {
					if status := l.ask(t, access, method, path); status != http.StatusOK {
						t.Errorf("%s %s: %d", method, path, status)
					}
				}
				if status := l.ask(t, access, "GET", listPath(folder+"/")); status != http.StatusOK {
					t.Errorf("list %s: %d", folder, status)
				}
			}
			for _, folder := range c.refuses {
				for path, method := range map[string]string{
					objectPath(folder + "/1"): "GET", uploadPath(folder + "/2"): "POST", listPath(folder): "GET",
				} {
					if status := l.ask(t, access, method, path); status != http.StatusForbidden {
						t.Errorf("%s %s: %d", method, path, status)
					}
				}
			}
		})
	}
}

func TestATokenOfGoogleToReadDoesNotWrite(t *testing.T) {
	l := newGoogleLake(t)
	reader := l.vend(t, catalog.Grant{Locations: []string{"gs://lake/a"}})
	for path, method := range map[string]string{uploadPath("a/2"): "POST", objectPath("a/1"): "DELETE"} {
		if status := l.ask(t, reader, method, path); status != http.StatusForbidden {
			t.Errorf("%s %s: %d", method, path, status)
		}
	}
	if status := l.ask(t, reader, "GET", objectPath("a/1")); status != http.StatusOK {
		t.Errorf("read: %d", status)
	}
}

// What clients of Google's storage look for, in their words.
func TestWhatAClientOfGoogleIsTold(t *testing.T) {
	l := newGoogleLake(t)
	access := l.vend(t, catalog.Grant{Locations: []string{"gs://lake/a"}})
	config := access.Credentials[0].Config
	expires, err := strconv.ParseInt(config["gcs.oauth2.token-expires-at"], 10, 64)
	if life := time.Until(time.UnixMilli(expires)); err != nil || life < 50*time.Minute || life > time.Hour {
		t.Errorf("the token lasts for %s (%v)", life, err)
	}
	if config["gcs.project-id"] != gcstest.Project || config["gcs.service.host"] != l.server.Endpoint() {
		t.Errorf("config: %v", config)
	}
	if access.RefreshKey != "gcs.oauth2.refresh-credentials-endpoint" || config["gcs.oauth2.refresh-credentials-enabled"] != "true" {
		t.Errorf("nothing says where the next token is had: %q", access.RefreshKey)
	}
}

// Whoever refuses to narrow is told from who is away.
func TestTokensThatCannotBeNarrowed(t *testing.T) {
	server := gcstest.NewWithSTS(t)
	for endpoint, want := range map[string]fault.Kind{
		"http://127.0.0.1:1":                    fault.Unavailable,
		refusing(t, http.StatusBadRequest):      fault.Forbidden,
		refusing(t, http.StatusTooManyRequests): fault.Unavailable,
	} {
		tokens, err := gcs.NewTokenService(gcs.Config{ServiceAccount: server.ServiceAccount(t)}, endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := vend.NewGCS(tokens, vend.GCSConfig{}).Issue(t.Context(), vend.Scope{Locations: []string{"gs://lake/a"}}); !fault.Is(err, want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A key that an operator gives out as it is does not end, and is not renewed.
func TestAFixedKey(t *testing.T) {
	issuer := vend.NewFixed("id", "secret", vend.S3Config{Endpoint: "http://store"})
	v, err := vend.New(catalog.DelegateOnRequest, map[string]vend.Issuer{"s3": issuer}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		writer := grant("p", "s3://lake/a")
		writer.Write = true
		access, err := v.Vend(t.Context(), writer)
		if err != nil || access.Config["s3.access-key-id"] != "id" || access.Config["s3.secret-access-key"] != "secret" ||
			access.Config["s3.endpoint"] != "http://store" || access.RefreshKey != "" || !access.Expires.IsZero() {
			t.Errorf("%+v, %v", access, err)
		}
		access.Config["s3.access-key-id"] = "another's"
	}
	if access, err := v.Vend(t.Context(), grant("p", "s3://lake/a")); err != nil || len(access.Config) != 0 {
		t.Errorf("a reader is given a key that writes: %+v, %v", access, err)
	}
}
