package command

import (
	"cmp"
	"context"
	"net/http"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

type updateWarehouse struct {
	Session      `embed:""`
	warehouseArg `embed:""`
	Properties   map[string]string `name:"property" mapsep:"none" help:"Set a property; may be given several times." placeholder:"KEY=VALUE"`
	Removals     []string          `name:"remove-property" sep:"none" help:"Take a property away; may be given several times." placeholder:"KEY"`
	versionFlag  `embed:""`
	profileFlags `embed:""`
}

// Run implements the command. Flags change the profile that is there, a file
// replaces it; secrets that are not given stay.
func (c *updateWarehouse) Run(ctx context.Context, env *settings.Env) error {
	if len(c.Properties) == 0 && len(c.Removals) == 0 && !c.given() {
		return usage("nothing is to be changed: no property, and nothing of the storage, is given")
	}
	igloo, err := c.client()
	if err != nil {
		return err
	}
	request := &htsv1.UpdateWarehouseRequest{Name: string(c.Name), Updates: c.Properties, Removals: c.Removals, ExpectedVersion: c.ExpectedVersion}
	if c.given() {
		if err := c.storage(ctx, igloo, request, env); err != nil {
			return err
		}
	}
	answer, err := igloo.ask(ctx, call{method: http.MethodPatch, path: c.at(), request: request})
	return c.printer(env).part("warehouse", answer, err)
}

// storage puts the profile into the request. One that is made of what was read
// must not undo what somebody else changes meanwhile.
func (c *updateWarehouse) storage(ctx context.Context, igloo *client, request *htsv1.UpdateWarehouseRequest, env *settings.Env) (err error) {
	before := &htsv1.Warehouse{}
	if c.File == "" {
		if before, err = readWarehouse(ctx, igloo, c.warehouseArg); err != nil {
			return err
		}
		request.ExpectedVersion = cmp.Or(c.ExpectedVersion, before.GetVersion())
	}
	request.Storage, err = c.profile(before.GetStorage(), env)
	return err
}

func readWarehouse(ctx context.Context, igloo *client, name warehouseArg) (*htsv1.Warehouse, error) {
	answer, err := igloo.ask(ctx, call{method: http.MethodGet, path: name.at()})
	if err != nil {
		return nil, err
	}
	stored := &htsv1.GetWarehouseResponse{}
	err = decode("warehouse", answer, stored)
	return stored.GetWarehouse(), err
}
