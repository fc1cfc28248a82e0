package authn_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/idptest"
)

type set = idptest.Claims

func bearer(t *testing.T, p *idptest.Provider) *authn.Bearer {
	t.Helper()
	b, err := authn.NewBearer(authn.Issuer{Name: "corp", URL: p.URL, Audiences: []string{"igloo"}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func kindOf(err error) fault.Kind {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Kind
	}
	return fault.Internal
}

func TestTokenIsBelieved(t *testing.T) {
	p := idptest.New(t)
	b := bearer(t, p)
	for name, c := range map[string]struct {
		changes set
		groups  []string
	}{
		"as it is":                   {nil, []string{"analysts"}},
		"audience alone":             {set{"aud": "igloo"}, []string{"analysts"}},
		"over, within the skew":      {set{"exp": time.Now().Add(-10 * time.Second).Unix()}, []string{"analysts"}},
		"to come, within the skew":   {set{"nbf": time.Now().Add(10 * time.Second).Unix()}, []string{"analysts"}},
		"one group as text":          {set{"groups": "staff"}, []string{"staff"}},
		"groups of another shape":    {set{"groups": set{"a": 1}}, nil},
		"no groups":                  {set{"groups": nil}, nil},
		"claims that nobody knows":   {set{"x": []any{1, set{}}}, []string{"analysts"}},
		"a time with a fraction":     {set{"exp": float64(time.Now().Add(time.Hour).Unix()) + 0.5}, []string{"analysts"}},
		"issued in the future, fine": {set{"iat": time.Now().Add(time.Hour).Unix()}, []string{"analysts"}},
	} {
		who, err := b.Authenticate(t.Context(), p.Token(t, c.changes))
		if err != nil || who.Principal() != "corp:alice" || !slices.Equal(who.Groups, c.groups) {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
	}
}

func TestTokenIsRefused(t *testing.T) {
	p, other := idptest.New(t), idptest.New(t)
	b := bearer(t, p)
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	good := p.Token(t, nil)
	head, rest, _ := strings.Cut(good, ".")
	public, err := json.Marshal(p.Key().Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ token, says string }{
		"nothing":               {"", "no JWT"},
		"no token at all":       {"abc", "no JWT"},
		"too long":              {strings.Repeat("a", 1<<20), "1048576 bytes"},
		"expired":               {p.Token(t, set{"exp": past.Unix()}), "expired at " + past.UTC().Format(time.RFC3339)},
		"without an end":        {p.Token(t, set{"exp": nil}), "no end"},
		"to come":               {p.Token(t, set{"nbf": future.Unix()}), "not good before " + future.UTC().Format(time.RFC3339)},
		"another issuer":        {other.Token(t, nil), "issuer is \"" + other.URL},
		"another's key":         {idptest.Sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: other.Key()}, p.Claims(nil)), "signature is not one of issuer " + p.URL},
		"another audience":      {p.Token(t, set{"aud": "shop"}), `for the audience ["shop"], allowed is ["igloo"]`},
		"no audience":           {p.Token(t, set{"aud": nil}), "allowed is"},
		"no subject":            {p.Token(t, set{"sub": ""}), "no subject"},
		"claims changed":        {head + "." + strings.Replace(rest, rest[10:12], "AA", 1), ""},
		"no signature":          {good[:strings.LastIndex(good, ".")+1], "signature"},
		"public key as secret":  {idptest.Sign(t, jose.SigningKey{Algorithm: jose.HS256, Key: public}, p.Claims(nil)), "allowed algorithm"},
		"algorithm none":        {"eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".", "allowed algorithm"},
		"subject of wrong type": {p.Token(t, set{"sub": 7}), "cannot be read"},
	} {
		who, err := b.Authenticate(t.Context(), c.token)
		if kindOf(err) != fault.Unauthenticated || !strings.Contains(err.Error(), c.says) || who.Subject != "" {
			t.Errorf("%s: %+v, %v; want %q", name, who, err, c.says)
		}
		if len(c.token) > 20 && err != nil && strings.Contains(err.Error(), c.token[len(c.token)-20:]) {
			t.Errorf("%s: the error holds the token: %v", name, err)
		}
	}
}

// TestIssuerIsAway: what was seen goes on, what is new is told to come back.
func TestIssuerIsAway(t *testing.T) {
	p := idptest.New(t)
	b := bearer(t, p)
	seen, unseen := p.Token(t, nil), p.Token(t, set{"sub": "bob"})
	p.Leave(true)
	if _, err := bearer(t, p).Authenticate(t.Context(), seen); kindOf(err) != fault.Unavailable {
		t.Errorf("no discovery: %v", err)
	}
	p.Leave(false)
	if _, err := b.Authenticate(t.Context(), seen); err != nil {
		t.Fatal(err)
	}
	p.Leave(true)
	for _, token := range []string{seen, unseen} { // the keys are known
		if _, err := b.Authenticate(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Authenticate(gone, seen); err != nil {
		t.Errorf("a known token needs nobody: %v", err)
	}
}

// TestKeysRotate: a new key is found, and a flood of keys that nobody has is not
// passed on to the issuer.
func TestKeysRotate(t *testing.T) {
	p := idptest.New(t)
	b, err := authn.NewBearer(authn.Issuer{Name: "corp", URL: p.URL, Audiences: []string{"igloo"}, KeysRest: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Authenticate(t.Context(), p.Token(t, nil)); err != nil {
		t.Fatal(err)
	}
	p.Rotate(t, "second")
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := b.Authenticate(t.Context(), p.Token(t, nil))
		if err == nil {
			break
		}
		if kindOf(err) != fault.Unauthenticated || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	slow := bearer(t, p)
	if _, err := slow.Authenticate(t.Context(), p.Token(t, nil)); err != nil {
		t.Fatal(err)
	}
	before := p.Fetched()
	stranger := idptest.New(t)
	for range 200 {
		token := idptest.Sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: stranger.Key()}, p.Claims(nil))
		if _, err := slow.Authenticate(t.Context(), token); kindOf(err) != fault.Unauthenticated {
			t.Fatal(err)
		}
	}
	if asked := p.Fetched() - before; asked > 3 {
		t.Errorf("asked %d times for 200 tokens with a wrong key", asked)
	}
}

func TestIssuersAreChecked(t *testing.T) {
	good := authn.Issuer{Name: "corp", URL: "https://idp.example", Audiences: []string{"igloo"}}
	for name, change := range map[string]func(*authn.Issuer){
		"no name":     func(i *authn.Issuer) { i.Name = "" },
		"odd name":    func(i *authn.Issuer) { i.Name = "a:b" },
		"taken name":  func(i *authn.Issuer) { i.Name = authn.CertificateIssuer },
		"no URL":      func(i *authn.Issuer) { i.URL = "" },
		"odd URL":     func(i *authn.Issuer) { i.URL = "ftp://x" },
		"no audience": func(i *authn.Issuer) { i.Audiences = nil },
	} {
		bad := good
		change(&bad)
		if _, err := authn.NewBearer(bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := authn.NewBearer(good, good); err == nil {
		t.Error("twice the same: taken")
	}
	if _, err := authn.NewBearer(); err == nil {
		t.Error("none: taken")
	}
}

// FuzzToken: whatever comes is decided upon, and never believed, and what is said
// of it has nothing of its signature.
func FuzzToken(f *testing.F) {
	b, err := authn.NewBearer(authn.Issuer{Name: "corp", URL: "http://127.0.0.1:1", Audiences: []string{"igloo"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEifQ.AAAA")
	encode := base64.RawURLEncoding.EncodeToString
	whole := `{"iss":"http://127.0.0.1:1","sub":"alice","aud":"igloo","exp":4102444800`
	for _, head := range []string{
		`{"alg":"ES256","kid":"first"}`, `{"alg":"EdDSA","b64":false,"crit":["b64"]}`, `{"alg":"HS256"}`, `{"alg":"none"}`,
		`{"alg":"RS256","jku":"http://127.0.0.1:1/keys"}`, `{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`,
		`{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF"}`, `{"alg":"ES256","alg":"none"}`,
	} {
		for _, claims := range []string{whole + "}", whole + `,"nbf":1e400}`, whole + `,"groups":[[[[1]]]]}`, whole + `,"aud":[null],"iss":[]}`, "null", "[]"} {
			f.Add(encode([]byte(head)) + "." + encode([]byte(claims)) + "." + encode(make([]byte, 64)))
		}
	}
	f.Add(`{"payload":"e30","signatures":[{"protected":"e30","signature":"AAAA"}]}`)
	f.Add("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		who, err := b.Authenticate(t.Context(), token)
		if err == nil || who.Subject != "" {
			t.Fatalf("believed: %q", token)
		}
		if signature := token[strings.LastIndex(token, ".")+1:]; len(signature) > 40 && strings.Contains(err.Error(), signature) {
			t.Fatalf("told: %v", err)
		}
	})
}
