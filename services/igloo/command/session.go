package command

import (
	"net/url"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
	"github.com/igloo-catalog/igloo/pkg/tlsfiles"
)

// Session is what every command has: where Igloo is, who asks, and how answers
// are shown.
type Session struct {
	Server         string          `default:"http://127.0.0.1:8181" env:"IGLOO_SERVER" help:"URL of igloo serve, or of the http-listen of housetable serve." placeholder:"URL"`
	TokenFile      string          `env:"IGLOO_TOKEN_FILE" help:"Show the token in this file." placeholder:"FILE"`
	CredentialFile string          `env:"IGLOO_CREDENTIAL_FILE" help:"Show a token that the server issues for the credential in this file: root.credential in the data folder of igloo serve --auth." placeholder:"FILE"`
	TLS            tlsfiles.Client `embed:"" prefix:"server-" envprefix:"IGLOO_SERVER_"`
	Timeout        time.Duration   `default:"1m" env:"IGLOO_TIMEOUT" help:"Give up on a server that does not answer."`
	Output         string          `short:"o" default:"table" enum:"table,json" env:"IGLOO_OUTPUT" help:"Show answers as a table for people, or as json for programs."`
}

// client asks the server.
func (s Session) client() (*client, error) {
	server, err := url.Parse(s.Server)
	switch {
	case err != nil || (server.Scheme != "http" && server.Scheme != "https") || server.Host == "" || server.User != nil || server.RawQuery != "" || server.Fragment != "":
		return nil, usage("server is %q, and must be http:// or https:// and a host, without user, query and fragment", s.Server)
	case s.TokenFile != "" && s.CredentialFile != "":
		return nil, usage("token-file and credential-file are two ways to say who asks: only one of them can be given")
	case s.Timeout <= 0:
		return nil, usage("timeout is %s, and must be positive", s.Timeout)
	}
	secured, err := s.TLS.Config("server-")
	if err != nil {
		return nil, &settings.UsageError{Err: err}
	}
	if secured != nil && server.Scheme != "https" {
		return nil, usage("server is %q, and server-tls-ca-file is for https://", s.Server)
	}
	c := &client{server: strings.TrimSuffix(s.Server, "/"), timeout: s.Timeout, web: web(secured)}
	c.proof = s.proof(c)
	return c, nil
}

// printer shows what it answers.
func (s Session) printer(env *settings.Env) printer {
	return printer{to: env.Stdout, json: s.Output == "json"}
}
