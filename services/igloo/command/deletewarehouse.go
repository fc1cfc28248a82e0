package command

import (
	"context"
	"net/http"

	"github.com/igloo-catalog/igloo/pkg/settings"
)

type deleteWarehouse struct {
	Session      `embed:""`
	warehouseArg `embed:""`
	versionFlag  `embed:""`
	confirmation `embed:""`
}

// Run implements the command.
func (c *deleteWarehouse) Run(ctx context.Context, env *settings.Env) error {
	if err := c.confirmed("delete warehouse "+string(c.Name), env); err != nil {
		return err
	}
	igloo, err := c.client()
	if err != nil {
		return err
	}
	if _, err := igloo.ask(ctx, call{method: http.MethodDelete, path: c.at(), query: c.query()}); err != nil {
		return err
	}
	return c.printer(env).done(map[string]any{"name": c.Name, "deleted": true}, "warehouse %s is deleted", c.Name)
}
