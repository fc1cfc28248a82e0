package command

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Roles are the commands about roles: names that privileges are granted to, for
// all who are members.
type Roles struct {
	Create       createRole   `cmd:"" help:"Create a role."`
	List         listRoles    `cmd:"" help:"List all roles."`
	Show         showRole     `cmd:"" help:"Show one role with its members."`
	Delete       deleteRole   `cmd:"" help:"Delete a role that nothing is granted to."`
	AddMember    addMember    `cmd:"" help:"Let somebody have what a role has."`
	RemoveMember removeMember `cmd:"" help:"Take what a role has from somebody."`
}

// memberPrivilege is what members of a role are granted on it.
const memberPrivilege = "member"

var rolesPath = []string{"access", "roles"}

type roleArg struct {
	Name name `arg:"" help:"Name of the role."`
}

func (r roleArg) at() []string { return append(rolesPath[:2:2], string(r.Name)) }

func (r roleArg) object() *htsv1.AccessObject {
	return &htsv1.AccessObject{Kind: "role", Role: string(r.Name)}
}

type createRole struct {
	Session `embed:""`
	roleArg `embed:""`

	Description string `help:"What it is for."`
}

// Run implements the command.
func (c *createRole) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	request := &htsv1.CreateRoleRequest{Role: &htsv1.Role{Name: string(c.Name), Description: c.Description}}
	answer, err := igloo.ask(ctx, call{method: http.MethodPost, path: rolesPath, request: request})
	return c.printer(env).part("role", answer, err)
}

type listRoles struct {
	Session `embed:""`
}

// Run implements the command.
func (c *listRoles) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	all := igloo.each(ctx, "roles", call{path: rolesPath})
	return c.printer(env).many(all, []string{"NAME", "DESCRIPTION", "CREATED"}, roleRow)
}

func roleRow(answer json.RawMessage) ([]string, error) {
	r := &htsv1.Role{}
	if err := decode("role", answer, r); err != nil {
		return nil, err
	}
	return []string{r.GetName(), r.GetDescription(), r.GetCreatedAt().AsTime().Format(time.RFC3339)}, nil
}

type showRole struct {
	Session `embed:""`
	roleArg `embed:""`
}

// Run implements the command.
func (c *showRole) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	answer, err := igloo.ask(ctx, call{method: http.MethodGet, path: c.at()})
	if err != nil {
		return err
	}
	grants, err := igloo.list(ctx, "grants", call{path: grantsPath, query: objectQuery(c.object())})
	if err != nil {
		return err
	}
	role, err := withMembers(answer, grants)
	return c.printer(env).part("role", role, err)
}

// withMembers puts the members of a role beside its fields.
func withMembers(answer json.RawMessage, grants []json.RawMessage) (json.RawMessage, error) {
	members := []string{}
	for _, raw := range grants {
		g, err := readGrant(raw)
		if err != nil {
			return nil, err
		}
		if g.GetPrivilege() == memberPrivilege {
			members = append(members, g.GetGrantee())
		}
	}
	var stored struct {
		Role struct {
			Name        string   `json:"name"`
			Description string   `json:"description"`
			CreatedAt   string   `json:"createdAt"`
			Members     []string `json:"members"`
		} `json:"role"`
	}
	if err := json.Unmarshal(answer, &stored); err != nil {
		return nil, fmt.Errorf("the answer is no role: %w", err)
	}
	stored.Role.Members = members
	return json.Marshal(stored)
}

type deleteRole struct {
	Session      `embed:""`
	roleArg      `embed:""`
	confirmation `embed:""`
}

// Run implements the command.
func (c *deleteRole) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	if err := c.confirmed("delete role "+string(c.Name), env); err != nil {
		return err
	}
	if _, err := igloo.ask(ctx, call{method: http.MethodDelete, path: c.at()}); err != nil {
		return err
	}
	return c.printer(env).done(map[string]any{"name": c.Name, "deleted": true}, "role %s is deleted", c.Name)
}

type addMember struct {
	Session `embed:""`
	roleArg `embed:""`

	Grantee string `arg:"" help:"Who: user:ISSUER:SUBJECT, group:ISSUER:GROUP, role:NAME or everyone."`
}

// Run implements the command.
func (c *addMember) Run(ctx context.Context, env *settings.Env) error {
	return c.change(ctx, env, giving(c.object(), c.Grantee, memberPrivilege))
}

type removeMember struct {
	Session  `embed:""`
	roleArg  `embed:""`
	waitFlag `embed:""`

	Grantee string `arg:"" help:"Who: user:ISSUER:SUBJECT, group:ISSUER:GROUP, role:NAME or everyone."`
}

// Run implements the command.
func (c *removeMember) Run(ctx context.Context, env *settings.Env) error {
	return c.change(ctx, env, c.revoking(c.object(), c.Grantee, memberPrivilege))
}
