// Package seal owns how secrets are kept: sealed with a key that is not kept
// with them, each bound to the place that it is of.
//
// It promises that what was sealed for one place opens for no other; that
// whatever any key of a ring sealed opens with that ring, while new secrets are
// sealed with its first key; and that no error tells of a secret or a key.
// Source: NIST SP 800-38D (AES-256-GCM, random nonces).
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// keyBytes is the length of a key.
const keyBytes = 32

// maxKeys bounds a ring.
const maxKeys = 100

var keyID = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,32}$`)

// ErrNoKey means that there is no key to seal or open with.
var ErrNoKey = errors.New("no key: seal-keys or seal-keys-file must be set")

// KeySettings are where a ring comes from.
type KeySettings struct {
	SealKeys     string `env:"IGLOO_SEAL_KEYS" help:"Keys that seal the secrets of warehouses, as ID:BASE64,… of 32 bytes each, at most 100, the same for all programs. The first one seals, all of them open. Give these or seal-keys-file; without keys no warehouse can have secrets of its own." placeholder:"ID:BASE64,…" secret:""`
	SealKeysFile string `env:"IGLOO_SEAL_KEYS_FILE" help:"File with such keys, one on a line. It is read at start." placeholder:"FILE"`
}

// Ring makes the ring; nil when there is none.
func (s KeySettings) Ring() (*Ring, error) {
	text := s.SealKeys
	if s.SealKeysFile != "" {
		if text != "" {
			return nil, errors.New("seal-keys and seal-keys-file are both set: only one of them can be")
		}
		data, err := os.ReadFile(s.SealKeysFile)
		if err != nil {
			return nil, fmt.Errorf("seal-keys-file: %w", err)
		}
		text = string(data)
	}
	return ParseRing(text)
}

// Ring is keys with ids. A nil Ring has none.
type Ring struct {
	first string
	keys  map[string]cipher.AEAD
}

// ParseRing reads keys, as "ID:BASE64" each, parted by commas or lines; nil when
// there are none.
func ParseRing(text string) (*Ring, error) {
	r := &Ring{keys: map[string]cipher.AEAD{}}
	entries := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(", \t\r\n", c) })
	for n, entry := range entries {
		id, encoded, found := strings.Cut(entry, ":")
		if !found || !keyID.MatchString(id) { // what has no id may be a key itself
			return nil, fmt.Errorf("seal-keys: key %d is not ID:BASE64, with an id of 1 to 32 letters, digits, '-' and '_'", n+1)
		}
		aead, err := newAEAD(encoded)
		if err != nil {
			return nil, fmt.Errorf("seal-keys: key %q is not 32 bytes in base64", id)
		}
		if r.keys[id] != nil || len(r.keys) == maxKeys {
			return nil, fmt.Errorf("seal-keys: key %q is there twice, or there are more than %d keys", id, maxKeys)
		}
		r.keys[id] = aead
		if n == 0 {
			r.first = id
		}
	}
	if len(r.keys) == 0 {
		return nil, nil //nolint:nilnil // no ring was asked for
	}
	return r, nil
}

func newAEAD(encoded string) (cipher.AEAD, error) {
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != keyBytes {
		return nil, errors.New("no key")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal seals a secret for a place, with the first key: "ID:BASE64".
func (r *Ring) Seal(secret string, place ...string) (string, error) {
	if r == nil {
		return "", ErrNoKey
	}
	data := r.keys[r.first].Seal(nil, nil, []byte(secret), bound(r.first, place)) //nolint:gosec // this AEAD makes a nonce itself
	return r.first + ":" + base64.StdEncoding.EncodeToString(data), nil
}

// Open opens what was sealed for the place.
func (r *Ring) Open(sealed string, place ...string) (string, error) {
	if r == nil {
		return "", ErrNoKey
	}
	id, encoded, _ := strings.Cut(sealed, ":")
	aead := r.keys[id]
	if aead == nil {
		return "", fmt.Errorf("it is sealed with key %q, which is not among seal-keys", id)
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", errors.New("what is sealed is damaged")
	}
	secret, err := aead.Open(nil, nil, data, bound(id, place))
	if err != nil {
		return "", fmt.Errorf("key %q does not open it: it is damaged, of another place, or of another key of that id", id)
	}
	return string(secret), nil
}

// bound is what a secret is bound to. Lengths keep places apart.
func bound(id string, place []string) []byte {
	var b []byte
	for _, part := range append([]string{"igloo seal 1", id}, place...) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}

// NewKey makes a key at random, as ParseRing reads it.
func NewKey(id string) string {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // it never fails
	return id + ":" + base64.StdEncoding.EncodeToString(key)
}
