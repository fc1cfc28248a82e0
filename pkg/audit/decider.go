package audit

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
)

// decider has what it decides noted in the entry of the request.
type decider struct{ authz.Decider }

// Decider makes a decider whose decisions are in the lines of their requests.
func Decider(by authz.Decider) authz.Decider { return decider{by} }

// Decide implements authz.Decider.
func (d decider) Decide(ctx context.Context, who authn.Identity, questions ...authz.Question) ([]authz.Decision, error) {
	decisions, err := d.Decider.Decide(ctx, who, questions...)
	if err == nil {
		From(ctx).decided(as(ctx, who), questions, decisions)
	}
	return decisions, err
}

// as is somebody in whose place the caller asks, "" where it is the caller.
func as(ctx context.Context, who authn.Identity) string {
	if principal := who.Principal(); principal != authn.From(ctx).Principal() {
		return principal
	}
	return ""
}
