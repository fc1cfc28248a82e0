// Package deciders owns which decider a service has: the one that its settings
// ask for.
//
// It promises that nothing is allowed for want of a setting where callers have to
// say who they are.
package deciders

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/metric"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/authz/cedar"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
)

// Needs are what a decider is opened with.
type Needs struct {
	// Authenticated is whether callers have to say who they are.
	Authenticated bool
	// Source is where grants are followed.
	Source authz.Source
	// Service is who asks, in metrics: "catalog" or "housetable".
	Service string
	// Log is told of policies that are not sound.
	Log *slog.Logger
	// Meter counts; without one nothing is counted.
	Meter metric.Meter
}

// Open makes the decider that the settings ask for, whose decisions are in the
// audit log. The caller closes it.
func Open(settings authz.Authorization, needs Needs) (authz.Decider, io.Closer, error) {
	by, err := settings.By(needs.Authenticated)
	if err != nil || by == authz.ByNothing {
		return audit.Decider(authz.Open{}), nobody{}, err
	}
	administrators, err := settings.Administrators()
	if err != nil {
		return nil, nil, err
	}
	follower := authz.NewFollower(needs.Source, settings.Lag())
	decider, closer, err := open(by, settings, follower, administrators, needs)
	if err != nil {
		return nil, nil, errors.Join(err, follower.Close())
	}
	if decider, err = measure(decider, follower, needs); err != nil {
		return nil, nil, errors.Join(err, closer.Close())
	}
	return audit.Decider(decider), closer, nil
}

// open makes a decider, and what closes it and the follower.
func open(by string, settings authz.Authorization, follower *authz.Follower, admins authz.Administrators, needs Needs) (authz.Decider, io.Closer, error) {
	if by == authz.ByCedar {
		policies, err := cedar.Open(settings.AuthorizationPolicies, follower, admins, needs.Log)
		return policies, both{policies, follower}, err
	}
	grants, err := authz.NewGrants(follower, admins...)
	return grants, follower, err
}

// both closes two, the first one first.
type both [2]io.Closer

// Close implements io.Closer.
func (b both) Close() error { return errors.Join(b[0].Close(), b[1].Close()) }

func measure(by authz.Decider, follower *authz.Follower, needs Needs) (authz.Decider, error) {
	meter := telemetry.OrNone(needs.Meter)
	if err := follower.Measure(meter, needs.Service); err != nil {
		return nil, fmt.Errorf("measure authorization: %w", err)
	}
	return authz.Measure(by, meter, needs.Service)
}

// nobody has nothing to close.
type nobody struct{}

// Close implements io.Closer.
func (nobody) Close() error { return nil }
