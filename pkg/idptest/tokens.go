package idptest

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Client is who gets tokens of its own at Tokens, by its credential (OAuth 2.0).
type Client struct {
	ID, Secret string
	// Scope has to be asked for.
	Scope string
	// Life is how long its tokens are good.
	Life time.Duration
}

// The ways to ask for a token.
const (
	credentials = "client_credentials"
	exchange    = "urn:ietf:params:oauth:grant-type:token-exchange"
	// accessToken is the kind of what is given. RFC 8693, 2.2.1 wants it said.
	accessToken = "urn:ietf:params:oauth:token-type:access_token" //nolint:gosec // a name
)

// Enrol makes somebody a client.
func (p *Provider) Enrol(c Client) { p.clients.Store(c.ID, c) }

// Tokens is where clients get theirs.
func (p *Provider) Tokens() string { return p.URL + "/token" }

// Exchange makes the provider say that it gives a new token for an old one, and do
// so for its clients.
func (p *Provider) Exchange() { p.grants.Store(&[]string{credentials, exchange}) }

// Exchanged is how many tokens were given for old ones.
func (p *Provider) Exchanged() int64 { return p.exchanged.Load() }

// give answers who asks for a token, as RFC 6749, 5 has it.
func (p *Provider) give(w http.ResponseWriter, r *http.Request) {
	c, refusal := p.asking(r)
	switch {
	case refusal != "":
	case c.Scope != r.PostFormValue("scope"):
		refusal = "invalid_scope"
	}
	w.Header().Set("Content-Type", "application/json")
	if refusal != "" {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": refusal, "error_description": "refused by the provider of the test"})
		return
	}
	token, err := sign(jose.SigningKey{Algorithm: jose.ES256, Key: p.Key()}, p.Claims(Claims{"sub": c.ID, "exp": time.Now().Add(c.Life).Unix()}))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "bearer", "issued_token_type": accessToken, "expires_in": int64(c.Life.Seconds())})
}

// asking is the client that shows its credential, or a token that it got.
func (p *Provider) asking(r *http.Request) (Client, string) {
	kind := r.PostFormValue("grant_type")
	if kind == credentials {
		c, known := p.client(r.PostFormValue("client_id"))
		if !known || c.Secret != r.PostFormValue("client_secret") {
			return Client{}, "invalid_client"
		}
		return c, ""
	}
	if all := p.grants.Load(); all == nil || kind != exchange || !slices.Contains(*all, exchange) {
		return Client{}, "unsupported_grant_type"
	}
	var claims jwt.Claims
	token, err := jwt.ParseSigned(r.PostFormValue("subject_token"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || token.Claims(p.Key().Public(), &claims) != nil || claims.Validate(jwt.Expected{Time: time.Now()}) != nil {
		return Client{}, "invalid_grant"
	}
	p.exchanged.Add(1)
	c, known := p.client(claims.Subject)
	if !known {
		return Client{}, "invalid_grant"
	}
	return c, ""
}

func (p *Provider) client(id string) (Client, bool) {
	found, known := p.clients.Load(id)
	if !known {
		return Client{}, false
	}
	return found.(Client), true
}
