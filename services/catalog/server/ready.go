package server

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

const untrusted = "the house table service does not trust this catalog: name who it is in trusted-service there"

// Ready reports whether the house table service answers; where it does not let this
// catalog act for its callers, what an operator has to set. That is logged once, and
// again when it had been ready meanwhile.
func (s *Server) Ready(ctx context.Context) error {
	err := s.pointers.Ready(ctx)
	if err == nil {
		s.distrusted.Store(false)
	}
	if !fault.Is(err, fault.Forbidden) {
		return err
	}
	if !s.distrusted.Swap(true) {
		s.log.ErrorContext(ctx, untrusted, "answered", fault.Shown(err))
	}
	return fault.Wrap(fault.Forbidden, err, "%s (%s)", untrusted, fault.Shown(err))
}
