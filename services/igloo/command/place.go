package command

import (
	"net/url"
	"strings"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// levelSeparator joins the levels of a namespace in Iceberg's paths.
const levelSeparator = "\x1f"

// warehouseFlag names the warehouse that a thing is in.
type warehouseFlag struct {
	Warehouse name `short:"w" default:"default" env:"IGLOO_WAREHOUSE" help:"Warehouse that it is in." placeholder:"NAME" predictor:"warehouse"`
}

// prefix is where Iceberg's protocol has the warehouse.
func (w warehouseFlag) prefix(of ...string) []string {
	return append([]string{string(w.Warehouse)}, of...)
}

// query names the warehouse to the house table service.
func (w warehouseFlag) query(pairs ...string) url.Values {
	query := url.Values{"warehouse": {string(w.Warehouse)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return query
}

// namespaceName is a namespace as commands are told it: its levels joined by dots,
// those within a level percent-escaped.
type namespaceName string

// levels takes it apart.
func (n namespaceName) levels() (catalog.Namespace, error) {
	levels, err := catalog.ParseDatabaseID(string(n))
	if err == nil {
		err = levels.Validate()
	}
	if err != nil {
		return nil, usage("namespace: %w", err)
	}
	return levels, nil
}

// namespaceArg names the namespace that a command is about.
type namespaceArg struct {
	Name namespaceName `arg:"" name:"namespace" help:"Namespace, its levels joined by dots: A.B. A dot within a level is written %2E." predictor:"namespace"`
}

// at is its path below /hts.
func (a namespaceArg) at() ([]string, error) {
	_, err := a.Name.levels()
	return []string{"namespaces", string(a.Name)}, err
}

// tableName is a table, a view or a function as commands are told it: its
// namespace, a dot, and its name, in which a dot is written "\.".
type tableName string

// identifier is how Iceberg's protocol has it.
type identifier struct {
	Namespace catalog.Namespace `json:"namespace"`
	Name      string            `json:"name"`
}

func (n tableName) identifier() (identifier, error) {
	database, table := splitTable(string(n))
	if database == "" || table == "" {
		return identifier{}, usage("%q must be a namespace, a dot and a name", string(n))
	}
	levels, err := namespaceName(database).levels()
	return identifier{Namespace: levels, Name: table}, err
}

// text is how commands are told it.
func (i identifier) text() string {
	return i.Namespace.DatabaseID() + "." + strings.ReplaceAll(i.Name, ".", `\.`)
}

// path is its path in Iceberg's protocol, below its warehouse; kinds are "tables",
// "views" or "functions".
func (i identifier) path(kinds string) []string {
	return []string{"namespaces", strings.Join(i.Namespace, levelSeparator), kinds, i.Name}
}

// key names it to the house table service.
func (i identifier) key() []string {
	return []string{"key.databaseId", i.Namespace.DatabaseID(), "key.tableId", i.Name}
}

// tableArg names the table that a command is about.
type tableArg struct {
	Table tableName `arg:"" help:"Table: its namespace, a dot, and its name, in which a dot is written '\\.'." predictor:"table"`
}
