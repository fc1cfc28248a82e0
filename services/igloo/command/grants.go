package command

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Grants are the commands about who was given what.
type Grants struct {
	List   listGrants   `cmd:"" help:"List what is granted on something."`
	Give   giveGrant    `cmd:"" help:"Give somebody privileges on something, and on all that is in it."`
	Revoke revokeGrants `cmd:"" help:"Take privileges away that were granted on something."`
}

var grantsPath = []string{"access", "grants"}

type listGrants struct {
	Session     `embed:""`
	objectFlags `embed:""`

	Within  bool   `help:"List what is granted on all that is in the warehouse too; of the server, on roles."`
	Grantee string `name:"to" help:"List what is granted to this user, group or role alone." placeholder:"GRANTEE"`
}

// Run implements the command.
func (c *listGrants) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	query, err := c.query()
	if err != nil {
		return err
	}
	if c.Within {
		query.Set("within", "true")
	}
	if c.Grantee != "" {
		query.Set("grantee", c.Grantee)
	}
	all := igloo.each(ctx, "grants", call{path: grantsPath, query: query})
	return c.printer(env).many(all, []string{"OBJECT", "PRIVILEGE", "GRANTEE", "GRANTED BY", "AT"}, grantRow)
}

func readGrant(answer json.RawMessage) (*htsv1.Grant, error) {
	g := &htsv1.Grant{}
	return g, decode("grant", answer, g)
}

func grantRow(answer json.RawMessage) ([]string, error) {
	g, err := readGrant(answer)
	if err != nil {
		return nil, err
	}
	at := "-"
	if g.GetGrantedAt() != nil {
		at = g.GetGrantedAt().AsTime().Format(time.RFC3339)
	}
	return []string{objectText(g.GetObject()), g.GetPrivilege(), g.GetGrantee(), g.GetGrantedBy(), at}, nil
}

// grantArgs are who is given what.
type grantArgs struct {
	Grantee    string `arg:"" help:"Who: user:ISSUER:SUBJECT, group:ISSUER:GROUP, role:NAME or everyone."`
	Privileges string `arg:"" name:"privilege" help:"What, several joined by commas: list, describe, select, write, create, drop, manage-grants or own."`
}

type giveGrant struct {
	Session     `embed:""`
	grantArgs   `embed:""`
	objectFlags `embed:""`
}

// Run implements the command.
func (c *giveGrant) Run(ctx context.Context, env *settings.Env) error {
	object, err := c.object()
	if err != nil {
		return err
	}
	return c.change(ctx, env, giving(object, c.Grantee, strings.Split(c.Privileges, ",")...))
}

type revokeGrants struct {
	Session     `embed:""`
	grantArgs   `embed:""`
	objectFlags `embed:""`
	waitFlag    `embed:""`
}

// Run implements the command.
func (c *revokeGrants) Run(ctx context.Context, env *settings.Env) error {
	object, err := c.object()
	if err != nil {
		return err
	}
	return c.change(ctx, env, c.revoking(object, c.Grantee, strings.Split(c.Privileges, ",")...))
}

// grantChange is a change of grants, and what it is called when it is done.
type grantChange struct {
	call   call
	grants []*htsv1.Grant
	done   string
}

func giving(object *htsv1.AccessObject, grantee string, privileges ...string) grantChange {
	grants := grantsOf(object, grantee, privileges)
	return grantChange{call{method: http.MethodPost, path: grantsPath, request: &htsv1.GrantRequest{Grants: grants}}, grants, "granted"}
}

// waitFlag says for how much an answer is to wait.
type waitFlag struct {
	Wait bool `help:"Wait until nothing is decided by what was taken away, anywhere."`
}

func (w waitFlag) revoking(object *htsv1.AccessObject, grantee string, privileges ...string) grantChange {
	grants := grantsOf(object, grantee, privileges)
	request := &htsv1.RevokeRequest{Grants: grants, Wait: w.Wait}
	return grantChange{call{method: http.MethodPost, path: []string{"access", "revocations"}, request: request}, grants, "revoked"}
}

func grantsOf(object *htsv1.AccessObject, grantee string, privileges []string) []*htsv1.Grant {
	grants := make([]*htsv1.Grant, len(privileges))
	for i, privilege := range privileges {
		grants[i] = &htsv1.Grant{Object: object, Grantee: grantee, Privilege: strings.TrimSpace(privilege)}
	}
	return grants
}

// change asks for it, and tells what was done.
func (s Session) change(ctx context.Context, env *settings.Env, c grantChange) error {
	igloo, err := s.client()
	if err != nil {
		return err
	}
	if _, err := igloo.ask(ctx, c.call); err != nil {
		return err
	}
	privileges := make([]string, len(c.grants))
	for i, g := range c.grants {
		privileges[i] = g.GetPrivilege()
	}
	object, grantee := objectText(c.grants[0].GetObject()), c.grants[0].GetGrantee()
	return s.printer(env).done(map[string]any{"object": object, "grantee": grantee, "privileges": privileges, c.done: true},
		"%s on %s is %s: %s", strings.Join(privileges, ", "), object, c.done, grantee)
}
