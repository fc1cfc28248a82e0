package issuer_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/issuer"
)

const secret = "a secret of the test, long enough"

func newIssuer(t *testing.T) *issuer.Issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i, err := issuer.New(key, map[string]string{"root": secret})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// ask sends a form; user, when there is one, by Basic authentication.
func ask(t *testing.T, i *issuer.Issuer, user *url.Userinfo, form string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/v1/oauth/tokens", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != nil {
		password, _ := user.Password()
		r.SetBasicAuth(user.Username(), password)
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v: %s", w.Code, err, w.Body)
	}
	return w.Code, body
}

func TestTokens(t *testing.T) {
	i, stranger := newIssuer(t), newIssuer(t)
	trust, err := authn.NewBearer(i.Trusted())
	if err != nil {
		t.Fatal(err)
	}
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {"root"}, "client_secret": {secret}, "scope": {"catalog"}}.Encode()
	status, body := ask(t, i, nil, good)
	token, _ := body["access_token"].(string)
	if who, err := trust.Authenticate(t.Context(), token); err != nil || who.Principal() != "igloo:root" || status != http.StatusOK {
		t.Fatalf("%d %v: %+v, %v", status, body, who, err)
	}
	if body["token_type"] != "bearer" || body["expires_in"] != 3600.0 || body["scope"] != "catalog" {
		t.Errorf("%v", body)
	}
	_, foreign := ask(t, stranger, nil, good)
	const exchange = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token="
	for name, c := range map[string]struct {
		user   *url.Userinfo
		form   string
		status int
		says   string
	}{
		"basic":                    {url.UserPassword("root", secret), "grant_type=client_credentials", 200, ""},
		"exchange":                 {nil, exchange + token, 200, ""},
		"exchange with the secret": {url.UserPassword("root", secret), exchange + "gone", 200, ""},
		"wrong secret":             {nil, strings.Replace(good, "secret+of", "secret+off", 1), 401, "invalid_client"},
		"no secret":                {nil, "grant_type=client_credentials&client_id=root", 401, "invalid_client"},
		"unknown client":           {url.UserPassword("nobody", secret), "grant_type=client_credentials", 401, "invalid_client"},
		"wrong basic wins":         {url.UserPassword("root", "x"), good, 401, "invalid_client"},
		"another's token":          {nil, exchange + foreign["access_token"].(string), 400, "invalid_grant"},
		"no token to exchange":     {nil, exchange, 400, "invalid_grant"},
		"another grant":            {nil, "grant_type=password", 400, "unsupported_grant_type"},
		"too large":                {nil, "x=" + strings.Repeat("a", 1<<20), 400, "invalid_request"},
		"not a form":               {nil, "%zz", 400, "invalid_request"},
	} {
		if status, body := ask(t, i, c.user, c.form); status != c.status || c.says != "" && body["error"] != c.says || (status == 200) != (body["access_token"] != nil) {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
}

func TestShortSecretsAreRefused(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, clients := range []map[string]string{nil, {"root": "short"}} {
		if _, err := issuer.New(key, clients); err == nil {
			t.Errorf("%d clients: taken", len(clients))
		}
	}
}
