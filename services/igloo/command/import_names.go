package command

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/proto"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/igloo/backup"
)

func (i *imported) role(ctx context.Context, line backup.Line) error {
	r := &htsv1.Role{}
	if err := decode("role", line.Value, r); err != nil {
		return err
	}
	_, err := i.ask(ctx, call{method: http.MethodPost, path: rolesPath, request: &htsv1.CreateRoleRequest{Role: r}})
	switch {
	case err == nil:
		i.create(1)
		return nil
	case !refusedAs(err, http.StatusConflict):
		return err
	}
	answer, err := i.ask(ctx, call{method: http.MethodGet, path: append(rolesPath[:2:2], r.GetName())})
	if err != nil {
		return err
	}
	found := &htsv1.GetRoleResponse{}
	if err := decode("role", answer, found); err != nil {
		return err
	}
	if was := found.GetRole().GetDescription(); was != r.GetDescription() {
		i.differ(line, r.GetName(), "is there with the description %q, and not %q", was, r.GetDescription())
		return nil
	}
	i.have()
	return nil
}

func (i *imported) grant(ctx context.Context, line backup.Line) error {
	g := &htsv1.Grant{}
	if err := decode("grant", line.Value, g); err != nil {
		return err
	}
	g.GrantedBy, g.GrantedAt = "", nil
	name := g.GetPrivilege() + " on " + objectText(g.GetObject()) + " for " + g.GetGrantee()
	return i.wait(ctx, item{line: line, name: name, grant: g}, "")
}

// warehouse makes a warehouse, or compares the one that is there. One whose secrets
// are needed has to be made by who has them.
func (i *imported) warehouse(ctx context.Context, line backup.Line) error {
	var value backup.Warehouse
	w := &htsv1.Warehouse{}
	if err := json.Unmarshal(line.Value, &value); err != nil {
		return err
	}
	if err := decode("warehouse", value.Warehouse, w); err != nil {
		return err
	}
	answer, err := i.ask(ctx, call{method: http.MethodGet, path: []string{"warehouses", w.GetName()}})
	switch {
	case refusedAs(err, http.StatusNotFound):
		err = i.makeWarehouse(ctx, line, w)
	case err == nil:
		err = i.compareWarehouse(ctx, line, w, answer)
	}
	if err == nil && !i.without[line.Warehouse] {
		i.gone, err = i.generations(ctx, line.Warehouse)
	}
	return err
}

func (i *imported) makeWarehouse(ctx context.Context, line backup.Line, w *htsv1.Warehouse) error {
	if secrets := w.GetStorage().GetSecrets(); len(secrets) > 0 {
		i.without[line.Warehouse] = true
		i.differ(line, w.GetName(), "is not there, and needs secrets, which are in no export (%s): make it by igloo warehouses create, and import again", strings.Join(secrets, ", "))
		return nil
	}
	_, err := i.ask(ctx, call{method: http.MethodPost, path: []string{"warehouses"}, request: &htsv1.CreateWarehouseRequest{Warehouse: w}})
	if refusedAs(err, http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity) {
		i.without[line.Warehouse] = true
		i.differ(line, w.GetName(), "cannot be made: %v", err)
		return nil
	}
	if err == nil {
		i.create(1)
	}
	return err
}

// compareWarehouse sets the properties that are not set yet, and changes nothing
// that is.
func (i *imported) compareWarehouse(ctx context.Context, line backup.Line, w *htsv1.Warehouse, answer json.RawMessage) error {
	found := &htsv1.GetWarehouseResponse{}
	if err := decode("warehouse", answer, found); err != nil {
		return err
	}
	is := found.GetWarehouse()
	if is.GetCaseInsensitive() != w.GetCaseInsensitive() {
		i.without[line.Warehouse] = true
		i.differ(line, w.GetName(), "is there, and compares names in another way: case-insensitive is %t, and not %t", is.GetCaseInsensitive(), w.GetCaseInsensitive())
		return nil
	}
	missing := maps.Clone(w.GetProperties())
	maps.DeleteFunc(missing, func(key, _ string) bool { _, set := is.GetProperties()[key]; return set })
	if len(missing) > 0 {
		request := &htsv1.UpdateWarehouseRequest{Name: w.GetName(), Updates: missing}
		if _, err := i.ask(ctx, call{method: http.MethodPatch, path: []string{"warehouses", w.GetName()}, request: request}); err != nil {
			return err
		}
	}
	if problem := differentWarehouse(is, w); problem != "" {
		i.differ(line, w.GetName(), "is there, and stays as it is: %s", problem)
		return nil
	}
	i.have()
	return nil
}

func differentWarehouse(is, wanted *htsv1.Warehouse) string {
	var problems []string
	if is.GetLocation() != wanted.GetLocation() {
		problems = append(problems, fmt.Sprintf("location is %q, and not %q", is.GetLocation(), wanted.GetLocation()))
	}
	for key, value := range wanted.GetProperties() {
		if was, set := is.GetProperties()[key]; set && was != value {
			problems = append(problems, fmt.Sprintf("property %s is %q, and not %q", key, was, value))
		}
	}
	if !proto.Equal(is.GetStorage(), wanted.GetStorage()) {
		problems = append(problems, "its storage is another one")
	}
	return strings.Join(problems, "; ")
}

func (i *imported) namespace(ctx context.Context, line backup.Line) error {
	n := &htsv1.Namespace{}
	if err := decode("namespace", line.Value, n); err != nil {
		return err
	}
	if i.waiting.makes(parentOf(n.GetDatabaseId())) {
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	return i.wait(ctx, item{
		line: line, name: n.GetDatabaseId(), operation: i.header.Operation(line, "create"),
		change: &htsv1.Change{Change: &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{
			DatabaseId: n.GetDatabaseId(), Properties: n.GetProperties(),
		}}},
		judge: func(ctx context.Context, c *htsv1.ChangeConflict) (string, error) {
			return i.compareNamespace(ctx, line, n, c)
		},
	}, nobody)
}

// parentOf is the namespace that one is in; levels are joined by dots.
func parentOf(databaseID string) string {
	return databaseID[:max(0, strings.LastIndexByte(databaseID, '.'))]
}

// makes reports whether a namespace is among those that wait: nothing can be put
// into it before it is made.
func (b *batch) makes(databaseID string) bool {
	for _, it := range b.items {
		if databaseID != "" && strings.EqualFold(it.change.GetCreateNamespace().GetDatabaseId(), databaseID) {
			return true
		}
	}
	return false
}

func (i *imported) compareNamespace(ctx context.Context, line backup.Line, n *htsv1.Namespace, c *htsv1.ChangeConflict) (string, error) {
	if c.GetReason() != htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_EXISTS {
		return inTheWay(c), nil
	}
	answer, err := i.ask(ctx, call{method: http.MethodGet, path: []string{"namespaces", n.GetDatabaseId()}, query: url.Values{"warehouse": {line.Warehouse}}})
	if err != nil {
		return "", err
	}
	found := &htsv1.GetNamespaceResponse{}
	if err := decode("namespace", answer, found); err != nil {
		return "", err
	}
	if !maps.Equal(found.GetNamespace().GetProperties(), n.GetProperties()) {
		return "is there, with other properties", nil
	}
	return "", nil
}
