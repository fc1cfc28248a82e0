package issuer

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// maxForm bounds a request for a token, in bytes.
const maxForm = 32 << 10

// The words of RFC 6749 and RFC 8693 for what is asked for.
const (
	clientCredentials = "client_credentials"
	tokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange" //nolint:gosec // a name
	accessToken       = "urn:ietf:params:oauth:token-type:access_token"   //nolint:gosec // a name
)

// refusal is an error as RFC 6749, 5.2 has it.
type refusal struct {
	status int
	Error  string `json:"error"`
	Text   string `json:"error_description"`
}

// grant is a token as RFC 6749, 5.1 has it.
type grant struct {
	Token      string `json:"access_token"`
	Type       string `json:"token_type"`
	Expires    int64  `json:"expires_in"`
	IssuedType string `json:"issued_token_type"`
	Scope      string `json:"scope,omitempty"`
}

// ServeHTTP answers requests for tokens, at whatever path.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	subject, refused := i.subject(w, r)
	if refused != nil {
		if refused.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="igloo"`)
		}
		write(w, refused.status, refused)
		return
	}
	token, err := i.token(subject)
	if err != nil {
		write(w, http.StatusInternalServerError, &refusal{Error: "server_error", Text: "no token can be made"})
		return
	}
	write(w, http.StatusOK, grant{
		Token: token, Type: "bearer", Expires: int64(life.Seconds()), IssuedType: accessToken, Scope: r.PostForm.Get("scope"),
	})
}

// subject is whom a token is asked for, once that is proven.
func (i *Issuer) subject(w http.ResponseWriter, r *http.Request) (string, *refusal) {
	if r.Method != http.MethodPost {
		return "", &refusal{http.StatusMethodNotAllowed, "invalid_request", "POST is allowed"}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return "", &refusal{http.StatusBadRequest, "invalid_request", "the form cannot be read, or is larger than 32 KiB"}
	}
	switch kind := r.PostForm.Get("grant_type"); kind {
	case clientCredentials:
		return i.client(r)
	case tokenExchange:
		return i.exchanged(r)
	default:
		return "", &refusal{http.StatusBadRequest, "unsupported_grant_type", "grant_type must be client_credentials or " + tokenExchange}
	}
}

// client is who shows an id and a secret, in the form or by Basic authentication.
func (i *Issuer) client(r *http.Request) (string, *refusal) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if !i.proves(id, secret) {
		return "", &refusal{http.StatusUnauthorized, "invalid_client", "the id or the secret is not right"}
	}
	return id, nil
}

// exchanged is whose a token is that is still good: Java's clients renew so. Who
// shows a secret besides has to show the right one.
func (i *Issuer) exchanged(r *http.Request) (string, *refusal) {
	if strings.HasPrefix(r.Header.Get("Authorization"), "Basic ") {
		return i.client(r)
	}
	who, err := i.trust.Authenticate(r.Context(), r.PostForm.Get("subject_token"))
	if err != nil {
		return "", &refusal{http.StatusBadRequest, "invalid_grant", "subject_token: " + fault.Shown(err)}
	}
	return who.Subject, nil
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}
