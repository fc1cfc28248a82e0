package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// proof is what shows who asks.
func (s Session) proof(c *client) func(context.Context) (string, error) {
	switch {
	case s.TokenFile != "":
		return func(context.Context) (string, error) { return readSecret("token-file", s.TokenFile) }
	case s.CredentialFile != "":
		return func(ctx context.Context) (string, error) { return c.issued(ctx, s.CredentialFile) }
	}
	return func(context.Context) (string, error) { return "", nil }
}

// issued is a token that the server issues for a credential (RFC 6749, 4.4).
func (c *client) issued(ctx context.Context, file string) (string, error) {
	credential, err := readSecret("credential-file", file)
	if err != nil {
		return "", err
	}
	id, secret, found := strings.Cut(credential, ":")
	if !found {
		return "", fmt.Errorf("credential-file: %s must hold a client's id, a colon and its secret", file)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {"catalog"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server+"/v1/oauth/tokens", strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("server: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, _, answer, err := c.send(request)
	if err != nil {
		return "", err
	}
	return tokenOf(status, answer)
}

// tokenOf reads the answer of an issuer (RFC 6749, 5).
func tokenOf(status int, answer []byte) (string, error) {
	var issued struct {
		Token       string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	err := json.Unmarshal(answer, &issued)
	switch {
	case status == http.StatusOK && err == nil && issued.Token != "":
		return issued.Token, nil
	case issued.Error != "":
		return "", fmt.Errorf("credential-file: the server issues no token: %s: %s", printable(issued.Error), printable(issued.Description))
	case status == http.StatusNotFound:
		return "", errors.New("credential-file: the server issues no tokens: that is for igloo serve --auth alone; token-file is for all others")
	}
	return "", fmt.Errorf("credential-file: the server answers as no issuer of tokens does (%d %s)", status, http.StatusText(status))
}
