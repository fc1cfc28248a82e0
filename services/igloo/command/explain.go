package command

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Explain is the command that tells why somebody may do something.
type Explain struct {
	Session     `embed:""`
	Principal   string `arg:"" help:"Who, as ISSUER:SUBJECT; me is who asks."`
	Privilege   string `arg:"" help:"What: list, describe, select, write, create, drop, manage-grants or own."`
	objectFlags `embed:""`

	Groups []string `name:"group" sep:"none" help:"Group that the principal is in; may be given several times." placeholder:"ISSUER:GROUP"`
}

// me is the principal who asks.
const me = "me"

// Run implements the command. It ends with an error when it is not allowed, for
// scripts.
func (c *Explain) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	query, err := c.query()
	if err != nil {
		return err
	}
	query.Set("privilege", c.Privilege)
	query["groups"] = c.Groups
	switch {
	case c.Principal != me:
		query.Set("principal", c.Principal)
	case len(c.Groups) > 0:
		return usage("group: me has no groups but those that the token tells")
	}
	answer, err := igloo.ask(ctx, call{method: http.MethodGet, path: []string{"access", "explanation"}, query: query})
	if err != nil {
		return err
	}
	return c.tell(c.printer(env), answer)
}

func (c *Explain) tell(p printer, answer json.RawMessage) error {
	why := &htsv1.ExplainResponse{}
	if err := decode("explanation", answer, why); err != nil {
		return err
	}
	tell := p.raw
	if p.forPeople() {
		tell = func(json.RawMessage) error { return p.lines(c.lines(why)) }
	}
	if err := tell(answer); err != nil {
		return err
	}
	if !why.GetAllowed() {
		return fmt.Errorf("%s has no %s on %s", c.Principal, c.Privilege, c.Object)
	}
	return nil
}

// lines say why, a reason each.
func (c *Explain) lines(why *htsv1.ExplainResponse) []string {
	if !why.GetAllowed() {
		return nil
	}
	lines := []string{fmt.Sprintf("%s has %s on %s:", c.Principal, c.Privilege, c.Object)}
	for _, r := range why.GetReasons() {
		lines = append(lines, "  "+reasonText(r))
	}
	return lines
}

// reasonText says a reason for people: by what, on which object, and through whom.
func reasonText(r *htsv1.AccessReason) string {
	if r.GetBecause() == authz.Unrestricted.String() {
		return "there is no authorization: everybody may do everything"
	}
	text := r.GetBecause()
	if r.GetPrivilege() != "" {
		text += ": " + r.GetPrivilege()
	}
	if r.GetObject() != nil {
		text += " on " + objectText(r.GetObject())
	}
	if r.GetGrantee() != "" {
		text += ", granted to " + r.GetGrantee()
	}
	if len(r.GetRoles()) > 0 {
		text += ", by role " + strings.Join(r.GetRoles(), " → ")
	}
	if r.GetPolicy() != "" {
		text += ": " + r.GetPolicy()
	}
	return text
}
