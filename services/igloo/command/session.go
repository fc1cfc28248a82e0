package command

import (
	"cmp"
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
	Catalog        string          `env:"IGLOO_CATALOG" help:"URL of catalog serve, where it is not served by the same process: for what is asked in Iceberg's protocol." placeholder:"URL"`
	TokenFile      string          `env:"IGLOO_TOKEN_FILE" help:"Show the token in this file." placeholder:"FILE"`
	CredentialFile string          `env:"IGLOO_CREDENTIAL_FILE" help:"Show a token that the server issues for the credential in this file: root.credential in the data folder of igloo serve --auth." placeholder:"FILE"`
	TLS            tlsfiles.Client `embed:"" prefix:"server-" envprefix:"IGLOO_SERVER_"`
	Timeout        time.Duration   `default:"1m" env:"IGLOO_TIMEOUT" help:"Give up on a server that does not answer."`
	Output         string          `short:"o" default:"table" enum:"table,json,jsonl" env:"IGLOO_OUTPUT" help:"Show answers as a table for people, or for programs as one json document, or as jsonl: one a line."`
}

// client asks the server.
func (s Session) client() (*client, error) {
	server, err := serverURL("server", s.Server)
	if err != nil {
		return nil, err
	}
	catalog, err := serverURL("catalog", cmp.Or(s.Catalog, s.Server))
	switch {
	case err != nil:
		return nil, err
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
	c := &client{server: address(server), catalog: address(catalog), timeout: s.Timeout, web: web(secured)}
	c.proof = s.proof(c)
	return c, nil
}

func serverURL(flag, text string) (*url.URL, error) {
	server, err := url.Parse(text)
	if err != nil || (server.Scheme != "http" && server.Scheme != "https") || server.Host == "" || server.User != nil || server.RawQuery != "" || server.Fragment != "" {
		return nil, usage("%s is %q, and must be http:// or https:// and a host, without user, query and fragment", flag, text)
	}
	return server, nil
}

func address(server *url.URL) string { return strings.TrimSuffix(server.String(), "/") }

// printer shows what it answers.
func (s Session) printer(env *settings.Env) printer {
	return printer{to: env.Stdout, form: s.Output, screen: screenOf(env)}
}
