package gcs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"golang.org/x/oauth2/google/downscope"
	"google.golang.org/api/storage/v1"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

const (
	// renewEarly is how long before its end a token of ours is not narrowed any
	// more: a narrower one ends with it.
	renewEarly = 45 * time.Minute
	// maxTokenAnswer bounds what the token service may say, in bytes.
	maxTokenAnswer = 1 << 20
)

// TokenService makes narrower tokens of our own: for some objects, and for as
// long as that lasts, which is an hour as a rule.
//
// https://cloud.google.com/iam/docs/downscoping-short-lived-credentials
type TokenService struct {
	client   *http.Client
	own      *auth.Credentials
	endpoint string
}

// NewTokenService is the way to the service that narrows tokens, at endpoint or
// else Google's own, for whoever cfg says.
func NewTokenService(cfg Config, endpoint string) (*TokenService, error) {
	client := &http.Client{Transport: objectstore.NewTransport(nil, cfg.Patience)}
	options := &credentials.DetectOptions{
		Scopes: []string{storage.CloudPlatformScope}, Client: client, EarlyTokenRefresh: renewEarly, DisableAsyncRefresh: true,
	}
	own, err := findCredentials(cfg, options)
	if err != nil {
		return nil, fmt.Errorf("find credentials of Google: %w", err)
	}
	return &TokenService{client: client, own: own, endpoint: endpoint}, nil
}

func findCredentials(cfg Config, options *credentials.DetectOptions) (*auth.Credentials, error) {
	if len(cfg.ServiceAccount) > 0 {
		return credentials.NewCredentialsFromJSON(credentials.ServiceAccount, cfg.ServiceAccount, options)
	}
	return credentials.DetectDefault(options)
}

// Project is the project that our credentials are of; empty when they do not say.
func (s *TokenService) Project(ctx context.Context) string {
	project, err := s.own.ProjectID(ctx)
	if err != nil {
		return ""
	}
	return project
}

// Narrow returns a token with which nothing can be done but what the rules allow,
// and when it ends. fault.Forbidden when the service refuses, fault.Unavailable
// when it cannot be reached.
func (s *TokenService) Narrow(ctx context.Context, rules []downscope.AccessBoundaryRule) (token string, expires time.Time, err error) {
	own, err := s.own.Token(ctx)
	if err != nil {
		return "", time.Time{}, unnarrowed(err, statusOf(err))
	}
	endpoint, err := s.url(ctx)
	if err != nil {
		return "", time.Time{}, unnarrowed(err, 0)
	}
	form, err := exchange(own.Value, rules)
	if err != nil {
		return "", time.Time{}, err
	}
	var answer struct {
		Token string `json:"access_token"`
		Life  int64  `json:"expires_in"` // seconds; absent for tokens of people
	}
	if status, err := s.post(ctx, endpoint, form, &answer); err != nil {
		return "", time.Time{}, unnarrowed(err, status)
	}
	if answer.Life > 0 {
		return answer.Token, time.Now().Add(time.Duration(answer.Life) * time.Second), nil
	}
	return answer.Token, own.Expiry, nil
}

func (s *TokenService) url(ctx context.Context) (string, error) {
	if s.endpoint != "" {
		return strings.TrimRight(s.endpoint, "/") + "/v1/token", nil
	}
	universe, err := s.own.UniverseDomain(ctx)
	return "https://sts." + universe + "/v1/token", err
}

// exchange is a token exchange as RFC 8693 has it, with Google's boundary.
func exchange(token string, rules []downscope.AccessBoundaryRule) (url.Values, error) {
	options, err := json.Marshal(map[string]any{"accessBoundary": map[string]any{"accessBoundaryRules": rules}})
	if err != nil {
		return nil, fmt.Errorf("boundary of a token: %w", err)
	}
	const kind = "urn:ietf:params:oauth:token-type:access_token"
	return url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"requested_token_type": {kind},
		"subject_token_type":   {kind},
		"subject_token":        {token},
		"options":              {string(options)},
	}, nil
}

// post sends a form. What the service says when it refuses is not passed on: it
// may repeat what it was sent.
func (s *TokenService) post(ctx context.Context, endpoint string, form url.Values, answer any) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	reply, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return reply.StatusCode, fmt.Errorf("status %d", reply.StatusCode)
	}
	return reply.StatusCode, json.NewDecoder(io.LimitReader(reply.Body, maxTokenAnswer)).Decode(answer)
}

// statusOf is how the service that gave us no token of our own answered; 0 when
// it did not.
func statusOf(err error) int {
	if refused, ok := errors.AsType[*auth.Error](err); ok && refused.Response != nil {
		return refused.Response.StatusCode
	}
	return 0
}

func unnarrowed(err error, status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return fault.Wrap(fault.Forbidden, err, "no key to the table's files: Google's token service refuses to narrow ours")
	default:
		return fault.Wrap(fault.Unavailable, err, "no key to the table's files: Google's token service cannot be reached")
	}
}
