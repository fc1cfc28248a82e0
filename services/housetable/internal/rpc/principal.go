package rpc

import (
	"context"
	"slices"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// principal is on whose behalf a call is made that names asked, in the field. Who
// is neither trusted nor an administrator acts for nobody else; where nobody has to
// say who they are, what a call names is believed.
func (o Options) principal(ctx context.Context, field, asked string) (string, error) {
	who := authn.From(ctx)
	own := who.Principal()
	switch {
	case who.Subject == "":
		return asked, nil
	case asked == "" || asked == own:
		return own, nil
	case slices.Contains(o.Trusted, own):
		return asked, nil
	}
	administers, err := o.administers(ctx, who)
	switch {
	case err != nil:
		return "", err
	case administers:
		return asked, nil
	default:
		return "", fault.New(fault.Forbidden, "%s is %q, and the caller is %q, who may not act for others: see trusted-service", field, asked, own)
	}
}

// administers reports whether the settings name the caller as an administrator.
// That nobody is refused anything makes nobody one.
func (o Options) administers(ctx context.Context, who authn.Identity) (bool, error) {
	if o.Decider == nil {
		return false, nil
	}
	decision, err := o.Decider.Explain(ctx, who, authz.Question{Privilege: authz.Own, Object: authz.Server()})
	return slices.ContainsFunc(decision.Reasons, func(r authz.Reason) bool { return r.Kind == authz.ByAdministrator }), err
}

// caller is who calls, for the history; nobody where nobody has to say.
func caller(ctx context.Context) string {
	if who := authn.From(ctx); who.Subject != "" {
		return who.Principal()
	}
	return ""
}
