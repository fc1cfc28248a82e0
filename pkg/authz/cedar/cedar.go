// Package cedar owns the decider that asks policies in the language Cedar,
// https://www.cedarpolicy.com, version 4.
//
// It promises that policies which are not sound by the Schema are never decided
// by: not at the start, and not when their file changes, when those from before
// hold on; and that a prohibition which cannot be worked out prohibits.
package cedar

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/cedar-policy/cedar-go"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
)

// Policies decide by a file, by who administers, and by who has which role. What
// is granted otherwise, and who owns a house table, counts where a policy says so.
type Policies struct {
	file      *policies
	snapshots authz.Snapshots
	admins    authz.Administrators
	log       *slog.Logger
}

var _ authz.Decider = (*Policies)(nil)

// Open reads the file, at most 1 MiB, and looks every second whether it has
// changed. The caller closes what it returns.
func Open(path string, snapshots authz.Snapshots, admins authz.Administrators, log *slog.Logger) (*Policies, error) {
	file, err := follow(path, lookEvery, log)
	if err != nil {
		return nil, err
	}
	return &Policies{file: file, snapshots: snapshots, admins: admins, log: log}, nil
}

// Close ends the looking at the file.
func (p *Policies) Close() error { return p.file.Close() }

// Decide implements authz.Decider. Of a house table that was not looked up nothing
// is allowed.
func (p *Policies) Decide(ctx context.Context, who authn.Identity, questions ...authz.Question) ([]authz.Decision, error) {
	decisions := make([]authz.Decision, len(questions))
	for i, q := range questions {
		d, err := p.Explain(ctx, who, q)
		if err != nil {
			return nil, err
		}
		decisions[i].Allowed = d.Allowed
	}
	return decisions, nil
}

// Explain implements authz.Decider.
func (p *Policies) Explain(ctx context.Context, who authn.Identity, q authz.Question) (authz.Decision, error) {
	if admin, is := p.admins.As(who); is && authz.Own.Includes(q.Privilege) {
		return authz.Decision{Allowed: true, Reasons: []authz.Reason{
			{Kind: authz.ByAdministrator, Privilege: authz.Own, On: authz.Server(), Grantee: admin},
		}}, nil
	}
	if who.Subject == "" || !known(q.Object) {
		return authz.Decision{}, nil
	}
	own, there, err := p.snapshots.Snapshots(ctx, q.Object.Warehouse)
	if err != nil {
		return authz.Decision{}, err
	}
	w := worldOf(who, q.Object, own, there)
	return p.ask(ctx, w, q), nil
}

func (p *Policies) ask(ctx context.Context, w world, q authz.Question) authz.Decision {
	set := p.file.set.Load()
	said, why := cedar.Authorize(set, w, cedar.Request{Principal: w.principal, Action: action(q.Privilege), Resource: w.resource})
	for _, e := range why.Errors {
		p.log.WarnContext(ctx, "a policy could not be worked out", "policy", named(set, e.PolicyID), "error", e.Message)
		if set.Get(e.PolicyID).Effect() == cedar.Forbid {
			return authz.Decision{}
		}
	}
	if said != cedar.Allow {
		return authz.Decision{}
	}
	d := authz.Decision{Allowed: true}
	for _, r := range why.Reasons {
		d.Reasons = append(d.Reasons, authz.Reason{Kind: authz.ByPolicy, Privilege: q.Privilege, On: q.Object, Policy: named(set, r.PolicyID)})
	}
	return d
}

// named is a policy's annotation @id, or else its place in the file.
func named(set *cedar.PolicySet, id cedar.PolicyID) string {
	policy := set.Get(id)
	if name := policy.Annotations()["id"]; name != "" {
		return string(name)
	}
	return fmt.Sprintf("of line %d", policy.Position().Line)
}

// Visible implements authz.Decider. All that can be told in advance is that an
// administrator sees everything, and nobody nothing.
func (p *Policies) Visible(_ context.Context, who authn.Identity, _ authz.Object) (authz.Visibility, error) {
	_, admin := p.admins.As(who)
	return authz.Visibility{All: admin, Each: !admin && who.Subject != ""}, nil
}
