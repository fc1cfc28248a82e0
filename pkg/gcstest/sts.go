package gcstest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// ownToken is the token of the service account, which opens everything.
const ownToken = "the-service-account's-own"

// tokens gives out tokens and remembers what each opens.
type tokens struct {
	mu     sync.Mutex
	narrow map[string][]rule
	url    string
}

// rule is a rule of a boundary that was read and understood.
type rule struct {
	bucket    string
	write     bool
	condition condition
}

func serveTokens(t testing.TB) *tokens {
	t.Helper()
	s := &tokens{narrow: map[string][]rule{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.own)
	mux.HandleFunc("POST /v1/token", s.exchange)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// own answers a service account that signed a request for a token.
func (*tokens) own(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || r.PostFormValue("assertion") == "" {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	answer(w, ownToken)
}

// exchange answers with a token for less.
func (s *tokens) exchange(w http.ResponseWriter, r *http.Request) {
	rules, err := boundary(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token := fmt.Sprintf("narrow-%d", len(s.narrow)+1)
	s.narrow[token] = rules
	answer(w, token)
}

func answer(w http.ResponseWriter, token string) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
}

// boundary is what a request for an exchange asks for, if it asks as Google
// wants it.
func boundary(r *http.Request) ([]rule, error) {
	const kind = "urn:ietf:params:oauth:token-type:access_token"
	for field, value := range map[string]string{
		"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": ownToken,
		"subject_token_type": kind, "requested_token_type": kind,
	} {
		if r.PostFormValue(field) != value {
			return nil, fmt.Errorf("%s is %q", field, r.PostFormValue(field))
		}
	}
	var options struct {
		AccessBoundary struct {
			Rules []struct {
				Resource    string   `json:"availableResource"`
				Permissions []string `json:"availablePermissions"`
				Condition   struct {
					Expression string `json:"expression"`
				} `json:"availabilityCondition"`
			} `json:"accessBoundaryRules"`
		} `json:"accessBoundary"`
	}
	if err := json.Unmarshal([]byte(r.PostFormValue("options")), &options); err != nil {
		return nil, err
	}
	if n := len(options.AccessBoundary.Rules); n < 1 || n > 10 {
		return nil, fmt.Errorf("%d rules, allowed are 1 to 10", n)
	}
	var rules []rule
	for _, asked := range options.AccessBoundary.Rules {
		read, err := readRule(asked.Resource, asked.Permissions, asked.Condition.Expression)
		if err != nil {
			return nil, err
		}
		rules = append(rules, read)
	}
	return rules, nil
}

func readRule(resource string, permissions []string, expression string) (r rule, err error) {
	if _, err := fmt.Sscanf(resource, "//storage.googleapis.com/projects/_/buckets/%s", &r.bucket); err != nil {
		return rule{}, fmt.Errorf("resource %q: %w", resource, err)
	}
	for _, permission := range permissions {
		switch permission {
		case "inRole:roles/storage.objectViewer":
		case "inRole:roles/storage.objectUser":
			r.write = true
		default:
			return rule{}, fmt.Errorf("permission %q", permission)
		}
	}
	if len(permissions) == 0 {
		return rule{}, errors.New("no permissions")
	}
	r.condition, err = parse(expression)
	return r, err
}

// opens reports whether a token is known, and whether it allows what is wanted.
func (s *tokens) opens(token string, w want) (known, allowed bool) {
	if token == ownToken {
		return true, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rules, known := s.narrow[token]
	for _, r := range rules {
		if r.bucket == w.bucket && (r.write || !w.write) && r.condition.holds(w) {
			return known, true
		}
	}
	return known, false
}

// serviceAccount is the key of a service account that has its tokens from here.
func (s *tokens) serviceAccount(t testing.TB) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": Project, "client_email": "tables@test.iam.gserviceaccount.com",
		"private_key_id": "1", "private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs})),
		"token_uri": s.url + "/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	return account
}
