package command

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// Namespaces are the commands about namespaces.
type Namespaces struct {
	List   listNamespaces  `cmd:"" help:"List the namespaces of a warehouse, or those within one."`
	Show   showNamespace   `cmd:"" help:"Show one namespace with its properties."`
	Create createNamespace `cmd:"" help:"Create a namespace."`
	Set    setNamespace    `cmd:"" help:"Set properties of a namespace; others stay."`
	Unset  unsetNamespace  `cmd:"" help:"Take properties of a namespace away."`
	Drop   dropNamespace   `cmd:"" help:"Drop an empty namespace."`
}

type listNamespaces struct {
	Session       `embed:""`
	warehouseFlag `embed:""`

	Parent    namespaceName `arg:"" optional:"" help:"List those within this one." predictor:"namespace"`
	Recursive bool          `short:"r" help:"List those within them as well, as a tree."`
}

// Run implements the command.
func (c *listNamespaces) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	above := 0
	if c.Parent != "" {
		levels, err := c.Parent.levels()
		if err != nil {
			return err
		}
		above = len(levels)
	}
	all := igloo.namespaces(ctx, c.warehouseFlag, c.Parent, c.Recursive)
	row := func(answer json.RawMessage) ([]string, error) { return namespaceRow(answer, above) }
	return c.printer(env).many(all, []string{"NAMESPACE", "PROPERTIES", "VERSION", "CREATED"}, row)
}

// namespaces are those within a parent, or a warehouse; with all below them, each
// behind the one that it is in.
func (c *client) namespaces(ctx context.Context, in warehouseFlag, parent namespaceName, deep bool) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) { c.walk(ctx, in, parent, deep, yield) }
}

// walk reports whether more is wanted. A namespace has a bounded number of levels.
func (c *client) walk(ctx context.Context, in warehouseFlag, parent namespaceName, deep bool, yield func(json.RawMessage, error) bool) bool {
	query := in.query("pageSize", exportPage)
	if parent != "" {
		query.Set("parentDatabaseId", string(parent))
	}
	for answer, err := range c.each(ctx, "namespaces", call{path: []string{"namespaces"}, query: query}) {
		if !yield(answer, err) || err != nil {
			return false
		}
		n := &htsv1.Namespace{}
		if err := decode("namespace", answer, n); err != nil {
			return yield(nil, err)
		}
		if deep && !c.walk(ctx, in, namespaceName(n.GetDatabaseId()), deep, yield) {
			return false
		}
	}
	return true
}

// namespaceRow shows a namespace as far to the right as it lies below the one that
// was listed.
func namespaceRow(answer json.RawMessage, above int) ([]string, error) {
	n := &htsv1.Namespace{}
	if err := decode("namespace", answer, n); err != nil {
		return nil, err
	}
	depth := strings.Count(n.GetDatabaseId(), ".") - above
	created := n.GetCreatedAt().AsTime().Format(time.RFC3339)
	return []string{strings.Repeat("  ", depth) + n.GetDatabaseId(), strconv.Itoa(len(n.GetProperties())), strconv.FormatInt(n.GetVersion(), 10), created}, nil
}

type showNamespace struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	namespaceArg  `embed:""`
}

// Run implements the command.
func (c *showNamespace) Run(ctx context.Context, env *settings.Env) error {
	return c.namespace(ctx, env, c.namespaceArg, call{method: http.MethodGet, query: c.query()})
}

// namespace asks for something of a namespace, and shows what it is then.
func (s Session) namespace(ctx context.Context, env *settings.Env, of namespaceArg, what call) error {
	igloo, err := s.client()
	if err != nil {
		return err
	}
	if what.path, err = of.at(); err != nil {
		return err
	}
	answer, err := igloo.ask(ctx, what)
	return s.printer(env).part("namespace", answer, err)
}

type createNamespace struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	namespaceArg  `embed:""`

	Properties map[string]string `name:"property" mapsep:"none" help:"Set a property; may be given several times." placeholder:"KEY=VALUE"`
	Parents    bool              `short:"p" help:"Create the namespaces above it that are missing."`
}

// Run implements the command.
func (c *createNamespace) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	levels, err := c.Name.levels()
	if err != nil {
		return err
	}
	for i := 1; c.Parents && i < len(levels); i++ {
		_, err := igloo.ask(ctx, c.call(levels[:i].DatabaseID(), nil))
		if err != nil && !refusedAs(err, http.StatusConflict) {
			return err
		}
	}
	answer, err := igloo.ask(ctx, c.call(string(c.Name), c.Properties))
	return c.printer(env).part("namespace", answer, err)
}

func (c *createNamespace) call(id string, properties map[string]string) call {
	n := &htsv1.Namespace{DatabaseId: id, Properties: properties}
	request := &htsv1.CreateNamespaceRequest{Namespace: n, Warehouse: string(c.Warehouse)}
	return call{method: http.MethodPost, path: []string{"namespaces"}, request: request}
}

type setNamespace struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	namespaceArg  `embed:""`
	versionFlag   `embed:""`

	Properties map[string]string `arg:"" name:"property" mapsep:"none" help:"Property to set."`
}

// Run implements the command.
func (c *setNamespace) Run(ctx context.Context, env *settings.Env) error {
	request := &htsv1.UpdateNamespaceRequest{Warehouse: string(c.Warehouse), Updates: c.Properties, ExpectedVersion: c.ExpectedVersion}
	return c.namespace(ctx, env, c.namespaceArg, call{method: http.MethodPatch, request: request})
}

type unsetNamespace struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	namespaceArg  `embed:""`
	versionFlag   `embed:""`

	Properties []string `arg:"" name:"key" help:"Property to take away; one that is not set is passed over."`
}

// Run implements the command.
func (c *unsetNamespace) Run(ctx context.Context, env *settings.Env) error {
	request := &htsv1.UpdateNamespaceRequest{Warehouse: string(c.Warehouse), Removals: c.Properties, ExpectedVersion: c.ExpectedVersion}
	return c.namespace(ctx, env, c.namespaceArg, call{method: http.MethodPatch, request: request})
}

type dropNamespace struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	namespaceArg  `embed:""`
	versionFlag   `embed:""`
	confirmation  `embed:""`
}

// Run implements the command.
func (c *dropNamespace) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	path, err := c.at()
	if err != nil {
		return err
	}
	if err := c.confirmed("drop namespace "+string(c.Name), env); err != nil {
		return err
	}
	query := c.warehouseFlag.query()
	maps.Copy(query, c.versionFlag.query())
	if _, err := igloo.ask(ctx, call{method: http.MethodDelete, path: path, query: query}); err != nil {
		return err
	}
	return c.printer(env).done(map[string]any{"databaseId": c.Name, "dropped": true}, "namespace %s is dropped", c.Name)
}
