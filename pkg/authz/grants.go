package authz

import (
	"context"
	"fmt"

	"github.com/maypok86/otter/v2"

	"github.com/igloo-catalog/igloo/pkg/authn"
)

// Snapshots are where grants are looked up.
type Snapshots interface {
	// Snapshots are the server's own grants and those of a warehouse, both as new as
	// a decision may be by; with "", the server's twice. fault.Unavailable when they
	// cannot be had now.
	Snapshots(ctx context.Context, warehouse string) (server, there *Snapshot, err error)
}

const (
	// keptBytes bounds what is remembered of callers.
	keptBytes = 32 << 20
	// MaxListed is the most house tables that a Visibility names, and the most
	// namespaces. For somebody who was granted more of them one by one it is Each,
	// and no namespace is shown to them for the house tables in it: grant on what
	// they are in instead.
	MaxListed = 10_000
)

// Grants decides by grants, roles, ownership and who administers.
type Grants struct {
	snapshots Snapshots
	admins    Administrators
	kept      *otter.Cache[uint64, *expanded]
}

var _ Decider = (*Grants)(nil)

// NewGrants makes a decider of grants; administrators own the server whatever is
// granted.
func NewGrants(snapshots Snapshots, administrators ...Grantee) (*Grants, error) {
	kept, err := otter.New(&otter.Options[uint64, *expanded]{
		MaximumWeight: keptBytes, Weigher: func(_ uint64, e *expanded) uint32 { return e.weight },
	})
	if err != nil {
		return nil, fmt.Errorf("make cache of callers: %w", err)
	}
	return &Grants{snapshots: snapshots, admins: administrators, kept: kept}, nil
}

// Decide implements Decider.
func (g *Grants) Decide(ctx context.Context, who authn.Identity, questions ...Question) ([]Decision, error) {
	decisions := make([]Decision, len(questions))
	var c caller
	for i, q := range questions {
		if i == 0 || q.Object.part() != questions[i-1].Object.part() {
			var err error
			if c, err = g.caller(ctx, who, q.Object.part()); err != nil {
				return nil, err
			}
		}
		decisions[i].Allowed = c.may(q.Privilege, q.Object)
	}
	return decisions, nil
}

// caller finds out what somebody is in a warehouse, which is remembered for as
// long as no grant there and none of the server changes.
func (g *Grants) caller(ctx context.Context, who authn.Identity, warehouse string) (caller, error) {
	server, there, err := g.snapshots.Snapshots(ctx, warehouse)
	if err != nil {
		return caller{}, err
	}
	key := identityKey(who, warehouse)
	e, kept := g.kept.GetIfPresent(key)
	if !kept || !e.of(who, server, there) {
		_, administrator := g.admins.As(who)
		e = newExpanded(who, server, there, administrator)
		g.kept.Set(key, e)
	}
	return caller{expanded: e, server: server, there: there}, nil
}

// Visible implements Decider. Of the server it is Each, unless all of it is.
func (g *Grants) Visible(ctx context.Context, who authn.Identity, in Object) (Visibility, error) {
	c, err := g.caller(ctx, who, in.part())
	if err != nil {
		return Visibility{}, err
	}
	switch {
	case in.Kind == KindWarehouse && c.base.has(Describe):
		return Visibility{All: true}, nil
	case in.Kind == KindWarehouse:
		return c.visible(""), nil
	case in.Kind != KindNamespace:
		all := c.may(Describe, in)
		return Visibility{All: all, Each: !all && in.Kind == KindServer}, nil
	}
	key := c.there.Key(in.DatabaseID)
	if c.base.has(Describe) || c.inNamespace(Describe, key) {
		return Visibility{All: true}, nil
	}
	return c.visible(key), nil
}
