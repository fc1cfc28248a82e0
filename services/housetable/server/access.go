package server

import (
	"context"
	"io"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/authz/deciders"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// followedPage is the most grants that are read at once.
const followedPage = 10_000

// grants are followed in the store itself.
type grants struct{ store housetable.Access }

// FollowAccess implements authz.Source.
func (g grants) FollowAccess(ctx context.Context, warehouse, position string) (authz.Changes, error) {
	return g.store.FollowAccess(ctx, warehouse, position, followedPage)
}

// openDecider is what decides about callers who are not trusted.
func (s *Server) openDecider() (authz.Decider, io.Closer, error) {
	return deciders.Open(s.config.Access, deciders.Needs{
		Authenticated: s.who != nil, Source: grants{s.store}, Service: "housetable", Log: s.log, Meter: s.meters.Meter(meterName),
	})
}
