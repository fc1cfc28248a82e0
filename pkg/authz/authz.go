// Package authz owns who may do what: its words (privileges, objects, grantees),
// and the deciders that answer by them.
//
// It promises that nothing is allowed that no grant, role or ownership allows;
// that every decider passes one suite, authztest; and that a refusal names who
// may not do what to which object, and nothing that the caller did not name.
package authz

import (
	"context"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Decider says who may do what. It is safe for concurrent use.
type Decider interface {
	// Decide answers each question, in order. fault.Unavailable when that cannot be
	// found out now.
	Decide(ctx context.Context, who authn.Identity, questions ...Question) ([]Decision, error)
	// Visible is what of a namespace, a warehouse or the server the caller may
	// describe. Errors are those of Decide.
	Visible(ctx context.Context, who authn.Identity, in Object) (Visibility, error)
	// Explain is Decide for one question, with every reason there is.
	Explain(ctx context.Context, who authn.Identity, question Question) (Decision, error)
}

// Question asks for a privilege on an object.
type Question struct {
	Privilege Privilege
	Object    Object
}

// Decision is the answer to a question.
type Decision struct {
	Allowed bool
	// Reasons are why it is allowed, of Explain alone.
	Reasons []Reason
}

// Visibility is what of a container somebody may describe.
type Visibility struct {
	// All is everything in it, at any depth.
	All bool
	// Each means that it cannot be told in advance: Decide has to be asked for
	// every row.
	Each bool
	// UUIDs are of house tables, in no order, wherever in the warehouse they are: at
	// most MaxListed of these, and of DatabaseIDs.
	UUIDs []uuid.UUID
	// Owner is who sees what they own: a principal, "" where nobody does.
	Owner string
	// DatabaseIDs are namespaces in it with everything in them, as their keys are
	// spelled.
	DatabaseIDs []string
}

// Nothing reports whether there is nothing to see: not even what is owned.
func (v Visibility) Nothing() bool {
	return !v.All && !v.Each && len(v.UUIDs) == 0 && v.Owner == "" && len(v.DatabaseIDs) == 0
}

// Require refuses with fault.Forbidden, which names the first question that is
// not allowed, unless all are. Other errors are the decider's.
func Require(ctx context.Context, by Decider, who authn.Identity, questions ...Question) error {
	decisions, err := by.Decide(ctx, who, questions...)
	if err != nil {
		return err
	}
	for i, d := range decisions {
		if !d.Allowed {
			return Refusal(who, questions[i])
		}
	}
	return nil
}

// Refusal is what a question is answered that is not allowed: "corp:alice may not
// select table sales.orders in warehouse default".
func Refusal(who authn.Identity, q Question) error {
	return fault.New(fault.Forbidden, "%s may not %s %s", who.Principal(), q.Privilege.on(q.Object.Kind), q.Object)
}

// Open is the decider where everybody may do everything.
type Open struct{}

var _ Decider = Open{}

// Decide implements Decider.
func (Open) Decide(_ context.Context, _ authn.Identity, questions ...Question) ([]Decision, error) {
	decisions := make([]Decision, len(questions))
	for i := range decisions {
		decisions[i].Allowed = true
	}
	return decisions, nil
}

// Visible implements Decider.
func (Open) Visible(context.Context, authn.Identity, Object) (Visibility, error) {
	return Visibility{All: true}, nil
}

// Explain implements Decider.
func (Open) Explain(_ context.Context, _ authn.Identity, question Question) (Decision, error) {
	return Decision{Allowed: true, Reasons: []Reason{{Kind: Unrestricted, Privilege: Own, On: question.Object}}}, nil
}
