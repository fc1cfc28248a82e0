package server

import (
	"net/http"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/authn"
)

// tokensPath is where clients ask for tokens that know of no identity provider:
// the one path that nobody needs a token for.
const tokensPath = "/v1/oauth/tokens" //nolint:gosec // a path

// openDoor decides who is let in.
func (s *Server) openDoor() error {
	if s.cfg.Door != nil {
		s.door = *s.cfg.Door
		return nil
	}
	who, err := s.cfg.Authenticator([]string{s.cfg.Listen})
	s.door.Who = who
	return err
}

// guarded is the protocol behind the door.
func (s *Server) guarded() http.Handler {
	behind := authn.Guard(s.handler, s.door.Who, s.handler.Fail)
	tokens := s.door.Tokens
	if tokens == nil {
		tokens = s.handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == tokensPath {
			tokens.ServeHTTP(w, r)
			return
		}
		behind.ServeHTTP(w, r)
	})
}

// identity is how the service says who it is.
func (c Config) identity() []grpc.DialOption {
	if c.TokenFile == "" {
		return nil
	}
	return []grpc.DialOption{authn.Carry(authn.TokenFile(c.TokenFile))}
}
