package load

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
)

// ErrNotServed is what a catalog does not do at all.
var ErrNotServed = errors.New("the catalog does not serve this")

// stage begins the names of all namespaces that are made.
const stage = "load"

// fresh is a name that no run had before.
func fresh(kind string) string { return stage + "_" + kind + "_" + unique() }

// columns make a schema as wide as tables are.
const columns = 20

var schema = func() string {
	fields := make([]string, columns)
	for i := range fields {
		fields[i] = fmt.Sprintf(`{"id":%d,"name":"column_%d","type":"string","required":false}`, i+1, i+1)
	}
	return `{"type":"struct","schema-id":0,"fields":[` + strings.Join(fields, ",") + `]}`
}()

// unique tells this run's names from those of runs before.
func unique() string {
	var b [8]byte
	for i := range b {
		b[i] = byte(rand.N(256)) //nolint:gosec // no secret
	}
	return hex.EncodeToString(b[:])
}

// creation is the request that creates a table.
func creation(namespace, table string) call {
	return call{
		method: http.MethodPost, path: "/namespaces/" + namespace + "/tables",
		body: fmt.Sprintf(`{"name":%q,"schema":%s,"stage-create":false}`, table, schema),
	}
}

// there lets what is there already pass.
func there(err error) error {
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusConflict {
		return nil
	}
	return err
}

func (c *Catalog) createNamespace(ctx context.Context, name string) error {
	_, err := c.call(ctx, call{method: http.MethodPost, path: "/namespaces", body: fmt.Sprintf(`{"namespace":[%q]}`, name)})
	return there(err)
}

// makers is how many tables are created at a time.
const makers = 8

// namespaceWithTables makes a namespace with that many tables.
func (c *Catalog) namespaceWithTables(ctx context.Context, tables int) (string, error) {
	name := fmt.Sprintf("%s_%d", stage, tables)
	if err := c.createNamespace(ctx, name); err != nil {
		return "", err
	}
	return name, together(tables, func(i int) error {
		_, err := c.call(ctx, creation(name, fmt.Sprintf("t%06d", i)))
		return there(err)
	})
}

// together makes so many things, some at a time; whoever fails makes no more.
func together(count int, produce func(i int) error) error {
	failures := make([]error, makers)
	var all sync.WaitGroup
	for maker := range makers {
		all.Go(func() {
			for i := maker; i < count && failures[maker] == nil; i += makers {
				failures[maker] = produce(i)
			}
		})
	}
	all.Wait()
	return errors.Join(failures...)
}

// tables makes tables for commits and tells how they stand.
func (c *Catalog) tables(ctx context.Context, namespace string, count int) ([]*table, error) {
	if err := c.createNamespace(ctx, namespace); err != nil {
		return nil, err
	}
	all := make([]*table, count)
	return all, together(count, func(i int) error {
		all[i] = &table{namespace: namespace, name: fmt.Sprintf("t%d", i)}
		return all[i].make(ctx, c)
	})
}

// make creates the table, if it is not there yet.
func (t *table) make(ctx context.Context, c *Catalog) error {
	var s state
	create := creation(t.namespace, t.name)
	create.into = &s
	_, err := c.call(ctx, create)
	if err == nil {
		t.learn(s)
		return nil
	}
	if there(err) != nil {
		return err
	}
	return t.refresh(ctx, c)
}

// batch is how many snapshots one commit adds.
const batch = 500

// tableWithSnapshots makes a table with that many snapshots and returns its path.
func (c *Catalog) tableWithSnapshots(ctx context.Context, snapshots int) (string, error) {
	made, err := c.tables(ctx, fmt.Sprintf("%s_snapshots_%d", stage, snapshots), 1)
	if err != nil {
		return "", err
	}
	t := made[0]
	for t.sequence < int64(snapshots) {
		if _, err := t.commit(ctx, c, t.appends(min(batch, snapshots-int(t.sequence)))); err != nil {
			return "", err
		}
	}
	return t.path(), nil
}

// OneTable makes a namespace with one table, and tells where its metadata is.
func OneTable(ctx context.Context, target Target, namespace string) (metadataLocation string, err error) {
	c, err := Open(ctx, target, 1)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.createNamespace(ctx, namespace); err != nil {
		return "", err
	}
	var made struct {
		Location string `json:"metadata-location"`
	}
	create := creation(namespace, "first")
	create.into = &made
	_, err = c.call(ctx, create)
	return made.Location, err
}
