// Package idptest is an identity provider for tests: discovery, keys that rotate,
// tokens with whatever claims a test wants, and clients that get their own, over real HTTP.
package idptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Claims are what a token says.
type Claims = map[string]any

// Provider is a running identity provider.
type Provider struct {
	*httptest.Server

	key     atomic.Pointer[jose.JSONWebKey]
	fetched atomic.Int64
	away    atomic.Bool
	grants  atomic.Pointer[[]string]

	clients   sync.Map // Client by ID
	exchanged atomic.Int64
}

// New runs a provider until the test ends; its URL is its tokens' issuer.
func New(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{}
	p.Rotate(t, "first")
	p.Server = httptest.NewServer(p.handler())
	t.Cleanup(p.Close)
	return p
}

func (p *Provider) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": p.URL, "jwks_uri": p.URL + "/keys", "token_endpoint": p.Tokens(), "grant_types_supported": p.grants.Load(),
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		p.fetched.Add(1)
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{p.key.Load().Public()}})
	})
	mux.HandleFunc("POST /token", p.give)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.away.Load() {
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// Rotate replaces the key that tokens are signed with by a new one of that id.
func (p *Provider) Rotate(t testing.TB, id string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.key.Store(&jose.JSONWebKey{Key: key, KeyID: id, Algorithm: string(jose.ES256)})
}

// Leave makes the provider answer nothing, or all again.
func (p *Provider) Leave(away bool) { p.away.Store(away) }

// Fetched is how often the keys were asked for.
func (p *Provider) Fetched() int64 { return p.fetched.Load() }

// Key is the private key that tokens are signed with now.
func (p *Provider) Key() *jose.JSONWebKey { return p.key.Load() }

// Token is a token for alice, for the audience "igloo" and another one, good for
// an hour, but for what changes says; a claim that is nil there is left out.
func (p *Provider) Token(t testing.TB, changes Claims) string {
	t.Helper()
	return Sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: p.Key()}, p.Claims(changes))
}

// TokenFile is a file with Token in it, for a service that is told who it is.
func (p *Provider) TokenFile(t testing.TB, changes Claims) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(p.Token(t, changes)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Claims are those of Token.
func (p *Provider) Claims(changes Claims) Claims {
	claims := Claims{
		"iss": p.URL, "sub": "alice", "aud": []string{"other", "igloo"}, "exp": time.Now().Add(time.Hour).Unix(),
		"groups": []string{"analysts"},
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// Sign makes a token of claims.
func Sign(t testing.TB, key jose.SigningKey, claims Claims) string {
	t.Helper()
	token, err := sign(key, claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func sign(key jose.SigningKey, claims Claims) (string, error) {
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}
