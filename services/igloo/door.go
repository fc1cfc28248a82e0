package igloo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/issuer"
	catalogserver "github.com/igloo-catalog/igloo/services/catalog/server"
)

// root is the one client of the issuer of a data folder.
const root = "root"

// openDoor decides who is let in. With auth the process issues tokens itself,
// against the credential in its data folder.
func (i *Igloo) openDoor(cfg Config, folder string) (err error) {
	i.door = &catalogserver.Door{}
	if cfg.Auth {
		tokens, err := openIssuer(folder)
		if err != nil {
			return err
		}
		i.door.Tokens, i.own = tokens, []authn.Issuer{tokens.Trusted()}
	}
	if i.door.Limits, err = cfg.Limits.New(i.Meter()); err != nil {
		return err
	}
	i.door.Who, err = cfg.Authenticator(authn.Doors{Addresses: []string{cfg.Listen}, Certificates: cfg.ForClients()}, i.own...)
	return err
}

// access is who may do what. Whoever has the credential of the data folder may do
// everything.
func (c Config) access() authz.Authorization {
	access := c.Access
	if c.Auth {
		access.Admins = append(slices.Clone(access.Admins), issuer.Name+":"+root)
	}
	return access
}

func openIssuer(folder string) (*issuer.Issuer, error) {
	text, err := kept(folder, signingKeyFile, newSigningKey)
	if err != nil {
		return nil, err
	}
	key, err := parseSigningKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, signingKeyFile), err)
	}
	credential, err := kept(folder, CredentialFile, newCredential)
	if err != nil {
		return nil, err
	}
	secret, err := secretOf(credential)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, CredentialFile), err)
	}
	return issuer.New(key, map[string]string{root: secret})
}

func newCredential() (string, error) { return root + ":" + rand.Text(), nil }

// secretOf takes a credential apart, which may have come through an editor.
func secretOf(credential string) (string, error) {
	secret, found := strings.CutPrefix(strings.TrimSpace(credential), root+":")
	if !found {
		return "", errors.New("must be 'root:' and a secret")
	}
	return secret, nil
}

const keyBlock = "PRIVATE KEY"

func newSigningKey() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der})), err
}

func parseSigningKey(text string) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != keyBlock {
		return nil, errors.New("is not a private key (PKCS #8, PEM)")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("is not a key on the curve P-256")
	}
	return key, nil
}
