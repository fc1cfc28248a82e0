package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/authz/deciders"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/services/catalog"
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
	limits, err := s.cfg.Limits.New(s.meter)
	if err != nil {
		return err
	}
	s.door.Limits = limits
	who, err := s.cfg.Authenticator(authn.Doors{Addresses: s.cfg.addresses(), Certificates: s.cfg.ForClients()})
	s.door.Who = who
	return err
}

// openAudit opens the record of who was allowed what.
func (s *Server) openAudit() (err error) {
	if s.audit, err = s.cfg.OpenAudit("catalog", s.meter, s.log); err == nil {
		s.closers = append(s.closers, s.audit)
	}
	return err
}

// openDecider opens what decides who may do what: by grants that are followed in the
// house table service.
func (s *Server) openDecider(conn grpc.ClientConnInterface, settings *catalog.Settings) error {
	decider, closer, err := deciders.Open(s.cfg.Access, deciders.Needs{
		Authenticated: s.door.Who != nil, Source: grpcclient.Access(conn), Service: "catalog", Log: s.log, Meter: s.meter,
	})
	if err != nil {
		return fmt.Errorf("open what decides who may do what: %w", err)
	}
	s.closers = append(s.closers, closer)
	settings.Authorization, settings.AuthorizationByRow = decider, s.cfg.Access.Authorization == authz.ByCedar
	return nil
}

// guarded is the protocol behind the door.
func (s *Server) guarded() http.Handler {
	behind := authn.Guard(s.door.Limits.Guard(s.audit.Handler(s.handler), s.handler.Fail), s.door.Who, s.door.Limits.Refusals(s.handler.Fail))
	tokens := s.door.Tokens
	if tokens == nil {
		tokens = s.handler
	}
	tokens = s.door.Limits.Guard(tokens, s.handler.Fail)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == tokensPath {
			tokens.ServeHTTP(w, r)
			return
		}
		behind.ServeHTTP(w, r)
	})
}

// addresses are all that are listened on.
func (c Config) addresses() []string {
	if c.InternalListen == "" {
		return []string{c.Listen}
	}
	return []string{c.Listen, c.InternalListen}
}

// admit lets in who is trusted to have storage tried with this service's own
// credentials: everybody who reaches the address where nobody has to say who they are.
func (c Config) admit(ctx context.Context) error {
	who := authn.From(ctx)
	if who.Subject == "" || slices.Contains(c.TrustedServices, who.Principal()) {
		return nil
	}
	return fault.New(fault.Forbidden, "the caller is %q, who is not named in trusted-service", who.Principal())
}
