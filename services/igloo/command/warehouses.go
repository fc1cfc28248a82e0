package command

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Warehouses are the commands about warehouses.
type Warehouses struct {
	Create createWarehouse `cmd:"" help:"Create a warehouse, in the store that the catalog is set up with or in one of its own."`
	List   listWarehouses  `cmd:"" help:"List all warehouses."`
	Show   showWarehouse   `cmd:"" help:"Show one warehouse, but for its secrets."`
	Update updateWarehouse `cmd:"" help:"Change the properties and the storage of a warehouse."`
	Delete deleteWarehouse `cmd:"" help:"Delete an empty warehouse."`
	Check  checkWarehouse  `cmd:"" help:"Try the storage of a warehouse: write, read, list and delete an object below each root."`
	Reseal resealWarehouse `cmd:"" help:"Seal the secrets of a warehouse anew, with the first key."`
}

// warehouseArg names the warehouse that a command is about.
type warehouseArg struct {
	Name name `arg:"" help:"Name of the warehouse." predictor:"warehouse"`
}

// at is the path of the warehouse, and of what is asked about it.
func (w warehouseArg) at(of ...string) []string {
	return append([]string{"warehouses", string(w.Name)}, of...)
}

// name is one that is a part of a path.
type name string

// Check refuses none at all, which would make another path. pkg/settings calls it.
func (n name) Check() error {
	if n == "" {
		return errors.New("a name is empty")
	}
	return nil
}

type createWarehouse struct {
	Session         `embed:""`
	warehouseArg    `embed:""`
	Location        string            `help:"Root under which its tables are placed; needed beside storage of its own." placeholder:"s3://…"`
	Properties      map[string]string `name:"property" mapsep:"none" help:"Set a property; may be given several times. Those that begin with table-default. and table-override. are for new tables." placeholder:"KEY=VALUE"`
	CaseInsensitive bool              `help:"Fold the names of namespaces and tables when they are compared; fixed for ever."`
	profileFlags    `embed:""`
}

// Run implements the command.
func (c *createWarehouse) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	w := &htsv1.Warehouse{Name: string(c.Name), Location: c.Location, Properties: c.Properties, CaseInsensitive: c.CaseInsensitive}
	if c.given() {
		if w.Storage, err = c.profile(nil, env); err != nil {
			return err
		}
	}
	answer, err := igloo.ask(ctx, call{method: http.MethodPost, path: []string{"warehouses"}, request: &htsv1.CreateWarehouseRequest{Warehouse: w}})
	return c.printer(env).part("warehouse", answer, err)
}

type showWarehouse struct {
	Session      `embed:""`
	warehouseArg `embed:""`
}

// Run implements the command.
func (c *showWarehouse) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	answer, err := igloo.ask(ctx, call{method: http.MethodGet, path: c.at()})
	return c.printer(env).part("warehouse", answer, err)
}

type listWarehouses struct {
	Session `embed:""`
}

// Run implements the command.
func (c *listWarehouses) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	all := igloo.each(ctx, "warehouses", call{path: []string{"warehouses"}})
	return c.printer(env).many(all, []string{"NAME", "STORE", "LOCATION", "VERSION", "CREATED"}, warehouseRow)
}

func warehouseRow(answer json.RawMessage) ([]string, error) {
	w := &htsv1.Warehouse{}
	if err := decode("warehouse", answer, w); err != nil {
		return nil, err
	}
	return []string{w.GetName(), storeOf(w), w.GetLocation(), strconv.FormatInt(w.GetVersion(), 10), w.GetCreatedAt().AsTime().Format(time.RFC3339)}, nil
}

// storeOf is the kind of a warehouse's own store; "-" for the catalog service's.
func storeOf(w *htsv1.Warehouse) string {
	m := w.GetStorage().ProtoReflect()
	chosen := m.WhichOneof(m.Descriptor().Oneofs().ByName("store"))
	if chosen == nil {
		return "-"
	}
	return string(chosen.Name())
}

type checkWarehouse struct {
	Session      `embed:""`
	warehouseArg `embed:""`
}

// Run implements the command.
func (c *checkWarehouse) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	answer, err := igloo.ask(ctx, call{method: http.MethodPost, path: c.at("check")})
	if err != nil {
		return err
	}
	return c.printer(env).one(answer)
}

type resealWarehouse struct {
	Session      `embed:""`
	warehouseArg `embed:""`
	versionFlag  `embed:""`
}

// Run implements the command.
func (c *resealWarehouse) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	answer, err := igloo.ask(ctx, call{method: http.MethodPost, path: c.at("reseal"), query: c.query()})
	return c.printer(env).part("warehouse", answer, err)
}

// versionFlag is the version at which a thing is to be changed.
type versionFlag struct {
	ExpectedVersion int64 `help:"Refuse it when this is not the version, which show tells; without it, change whatever is there." placeholder:"N"`
}

func (v versionFlag) query() url.Values {
	if v.ExpectedVersion == 0 {
		return nil
	}
	return url.Values{"expectedVersion": {strconv.FormatInt(v.ExpectedVersion, 10)}}
}
