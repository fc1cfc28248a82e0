package s3test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// maxPrivate bounds what the server asks the part of it that knows users, in bytes.
const maxPrivate = 1 << 20

// serveSessions stands between the server and the part of it that knows users, for
// that has no tokens for their keys: it asks for the token that was given out with
// a key, and takes it away. The server checks that the signature of a request
// covers it. The result is the path of a socket.
func (i *iam) serveSessions(t testing.TB) string {
	t.Helper()
	socket := i.socket + "-sessions"
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatalf("listen for sessions: %v", err)
	}
	to := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", i.socket)
	}}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := i.pass(w, r, to); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	}))
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return socket
}

// newToken is the token of a new session of a key.
func (i *iam) newToken(accessKeyID string) string {
	token := rand.Text()
	i.tokens.Store(accessKeyID, token)
	return token
}

// untokened is a question without its token; false where that is not the key's.
func (i *iam) untokened(body []byte) ([]byte, bool, error) {
	const accessKeyID, sessionToken = "accessKeyId", "sessionToken"
	asked := map[string]any{}
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, false, err
	}
	id, given := asked[accessKeyID].(string)
	if !given { // it asks about nobody's request
		return body, true, nil
	}
	token, _ := asked[sessionToken].(string)
	want, _ := i.tokens.Load(id)
	if want == nil {
		want = ""
	}
	delete(asked, sessionToken)
	plain, err := json.Marshal(asked)
	return plain, token == want, err
}

// pass has a question answered.
func (i *iam) pass(w http.ResponseWriter, r *http.Request, to *http.Client) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPrivate))
	if err != nil {
		return err
	}
	plain, right, err := i.untokened(body)
	if err != nil {
		return err
	}
	const protocol = "X-Vgw-Private-Protocol"
	if !right {
		w.Header().Set(protocol, r.Header.Get(protocol))
		w.WriteHeader(http.StatusForbidden)
		_, err := io.WriteString(w, `{"error":"the token is not of this key","code":"InvalidToken"}`)
		return err
	}
	request, err := http.NewRequestWithContext(r.Context(), r.Method, "http://iam"+r.URL.Path, bytes.NewReader(plain)) //nolint:gosec // a socket of the test
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(protocol, r.Header.Get(protocol))
	if err := sign(request, plain, time.Now()); err != nil {
		return err
	}
	answer, err := to.Do(request) //nolint:gosec // to a socket of the test
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(w, answer.Body); err != nil {
		return fmt.Errorf("pass an answer on: %w", errors.Join(err, http.ErrAbortHandler))
	}
	return nil
}
