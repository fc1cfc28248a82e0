package s3test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// iam is the part of the server that knows users and their policies.
type iam struct {
	url    string
	socket string
	users  atomic.Int64
	// tokens of sessions, by their access keys.
	tokens sync.Map
}

func startIAM(t testing.TB) *iam {
	t.Helper()
	port := proctest.Port(t)
	i := &iam{url: fmt.Sprintf("http://127.0.0.1:%d", port), socket: filepath.Join(t.TempDir(), "iam")}
	process := run(t, port, "iam", "--dir", t.TempDir(), "--private-ports", i.socket)
	waitReady(t, i.url, process)
	return i
}

// serveSTS answers AssumeRole with the key of a new user, whose one policy is the
// session's: the server itself then refuses what the policy does not allow.
func (i *iam) serveSTS(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := i.assumeRole(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write(body) //nolint:gosec // XML, to a test
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// User makes a user of a server with an STS, who may do what a policy of AWS's
// language says.
func (s *Server) User(t testing.TB, policy string) (accessKeyID, secretAccessKey string) {
	t.Helper()
	made, err := s.iam.newUser(t.Context(), policy)
	if err != nil {
		t.Fatalf("make user: %v", err)
	}
	return made.AccessKeyID, made.SecretAccessKey
}

// key is a key as both services write it.
type key struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string `xml:"SecretAccessKey"`
	SessionToken    string `xml:"SessionToken,omitempty"`
	Expiration      string `xml:"Expiration,omitempty"`
}

func (i *iam) assumeRole(r *http.Request) ([]byte, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	if action := r.Form.Get("Action"); action != "AssumeRole" {
		return nil, fmt.Errorf("action %q", action)
	}
	if !strings.Contains(r.Header.Get("Authorization"), "Credential="+AccessKeyID+"/") {
		return nil, errors.New("signed by a stranger")
	}
	life, err := time.ParseDuration(r.Form.Get("DurationSeconds") + "s")
	if err != nil {
		return nil, err
	}
	made, err := i.newUser(r.Context(), r.Form.Get("Policy"))
	if err != nil {
		return nil, err
	}
	made.SessionToken = i.newToken(made.AccessKeyID)
	made.Expiration = time.Now().Add(life).UTC().Format(time.RFC3339)
	return xml.Marshal(struct {
		XMLName     xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
		Credentials key      `xml:"AssumeRoleResult>Credentials"`
	}{Credentials: made})
}

func (i *iam) newUser(ctx context.Context, policy string) (key, error) {
	user := fmt.Sprintf("session-%d", i.users.Add(1))
	var made struct {
		Key key `xml:"CreateAccessKeyResult>AccessKey"`
	}
	for _, step := range []url.Values{
		{"Action": {"CreateUser"}, "UserName": {user}},
		{"Action": {"PutUserPolicy"}, "UserName": {user}, "PolicyName": {"session"}, "PolicyDocument": {policy}},
		{"Action": {"CreateAccessKey"}, "UserName": {user}},
	} {
		step.Set("Version", "2010-05-08")
		if err := i.call(ctx, step, &made); err != nil {
			return key{}, fmt.Errorf("%s: %w", step.Get("Action"), err)
		}
	}
	return made.Key, nil
}

// call sends one signed request.
func (i *iam) call(ctx context.Context, form url.Values, answer any) error {
	body := form.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url+"/", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := sign(request, []byte(body), time.Now()); err != nil {
		return err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s %w", reply.StatusCode, text, err)
	}
	return xml.Unmarshal(text, answer)
}

// sign signs a request to the part of the server that knows users.
func sign(request *http.Request, body []byte, at time.Time) error {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	request.Header.Set("X-Amz-Content-Sha256", hash)
	root := aws.Credentials{AccessKeyID: AccessKeyID, SecretAccessKey: SecretAccessKey}
	return v4.NewSigner().SignHTTP(request.Context(), root, request, hash, "iam", Region, at)
}
