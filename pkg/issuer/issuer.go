// Package issuer owns a small issuer of tokens, for a catalog that has no
// identity provider beside it: clients show an id and a secret, and get a token
// that lasts an hour (OAuth 2.0, client credentials).
//
// It promises that a secret is compared without telling how much of it was
// right, that it is kept as a hash alone, and that its tokens are of the same
// kind as anybody else's: what checks them knows nothing of this package.
package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/igloo-catalog/igloo/pkg/authn"
)

const (
	// Name is the issuer's in principals: "igloo:root".
	Name = "igloo"
	// Audience is whom its tokens are for.
	Audience = "igloo"
	// life is how long a token is good.
	life = time.Hour
)

// Issuer gives tokens to clients. It is safe for concurrent use.
type Issuer struct {
	key     *ecdsa.PrivateKey
	signer  jose.Signer
	clients map[string][sha256.Size]byte // secrets' hashes, by id
	// trust is in its own tokens, to be exchanged.
	trust *authn.Bearer
	now   func() time.Time
}

var _ http.Handler = (*Issuer)(nil)

// New makes an issuer that signs with key, on the curve P-256. clients are
// secrets by id; a secret is long and random, as nothing slows guesses down.
func New(key *ecdsa.PrivateKey, clients map[string]string) (*Issuer, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("key of tokens: %w", err)
	}
	i := &Issuer{key: key, signer: signer, clients: map[string][sha256.Size]byte{}, now: time.Now}
	for id, secret := range clients {
		if len(secret) < minSecret {
			return nil, fmt.Errorf("the secret of client %q has %d characters, at least %d are needed", id, len(secret), minSecret)
		}
		i.clients[id] = sha256.Sum256([]byte(secret))
	}
	if len(i.clients) == 0 {
		return nil, errors.New("an issuer needs clients")
	}
	i.trust, err = authn.NewBearer(i.Trusted())
	return i, err
}

// minSecret keeps secrets from being guessed.
const minSecret = 20

// Trusted is the issuer as those see it who check its tokens.
func (i *Issuer) Trusted() authn.Issuer {
	return authn.Issuer{
		Name: Name, URL: Name, Audiences: []string{Audience}, Grants: &authn.Grants{Exchange: true},
		Keys: &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{i.key.Public()}},
	}
}

// proves reports whether a client's secret is right.
func (i *Issuer) proves(id, secret string) bool {
	want, known := i.clients[id]
	got := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && known
}

// token is a new one for a subject.
func (i *Issuer) token(subject string) (string, error) {
	now := i.now()
	token, err := jwt.Signed(i.signer).Claims(jwt.Claims{
		Issuer: Name, Subject: subject, Audience: jwt.Audience{Audience},
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(life)),
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}
