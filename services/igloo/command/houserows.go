package command

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/igloo/backup"
)

// ImportRows is the command that brings in the rows of OpenHouse's house tables, as
// its database has them.
type ImportRows struct {
	Session       `embed:""`
	warehouseFlag `embed:""`
	File          string `arg:"" type:"existingfile" help:"File with the rows of user_table_row: .csv or .tsv with a line of column names, or .jsonl with one object a line."`
}

// Run implements the command.
func (c *ImportRows) Run(ctx context.Context, env *settings.Env) error {
	igloo, err := c.client()
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	told := newProgress(env, "rows imported", 0)
	defer told.end()
	r := &rowImport{imported: newImport(igloo, backup.Header{}, told), warehouse: string(c.Warehouse), databases: map[string]bool{}}
	for row, err := range houseRows(file, filepath.Ext(c.File)) {
		if err == nil {
			err = r.put(ctx, row)
		}
		if err != nil {
			return errors.Join(c.tell(env, r.imported), err)
		}
	}
	told.end()
	return c.tell(env, r.imported)
}

// rowImport is one under way.
type rowImport struct {
	*imported
	warehouse string
	// databases that are known to be there.
	databases map[string]bool
}

// put creates a user table, as OpenHouse's own services do; one that is there stays.
func (r *rowImport) put(ctx context.Context, row *htsv1.UserTable) error {
	if err := r.database(ctx, row.GetDatabaseId()); err != nil {
		return err
	}
	row.TableVersion = new("INITIAL_VERSION")
	request := &htsv1.PutUserTableRequest{Entity: row, Warehouse: r.warehouse}
	_, err := r.ask(ctx, call{method: http.MethodPut, path: []string{"tables"}, request: request})
	switch {
	case err == nil:
		r.create(1)
		return nil
	case refusedAs(err, http.StatusBadRequest):
		r.differs(row, err.Error())
		return nil
	case !refusedAs(err, http.StatusConflict):
		return err
	}
	query := url.Values{"warehouse": {r.warehouse}, "databaseId": {row.GetDatabaseId()}, "tableId": {row.GetTableId()}}
	answer, err := r.ask(ctx, call{method: http.MethodGet, path: []string{"tables"}, query: query})
	if err != nil {
		return err
	}
	found := &htsv1.GetUserTableResponse{}
	if err := decode("user table", answer, found); err != nil {
		return err
	}
	if is := found.GetEntity().GetMetadataLocation(); is != row.GetMetadataLocation() {
		r.differs(row, fmt.Sprintf("is there, and its metadata is at %s, and not at %s", is, row.GetMetadataLocation()))
		return nil
	}
	r.have()
	return nil
}

func (r *rowImport) differs(row *htsv1.UserTable, problem string) {
	r.differ(backup.Line{Type: "row", Warehouse: r.warehouse}, row.GetDatabaseId()+"."+row.GetTableId(), "%s", problem)
}

// database makes a database that is only named by rows in OpenHouse.
func (r *rowImport) database(ctx context.Context, id string) error {
	if r.databases[id] || id == "" {
		return nil
	}
	request := &htsv1.CreateNamespaceRequest{Warehouse: r.warehouse, Namespace: &htsv1.Namespace{DatabaseId: id}}
	if _, err := r.ask(ctx, call{method: http.MethodPost, path: []string{"namespaces"}, request: request}); err != nil && !refusedAs(err, http.StatusConflict) {
		return err
	}
	r.databases[id] = true
	return nil
}

// houseRows reads rows one at a time; the extension tells their form.
func houseRows(from io.Reader, extension string) iter.Seq2[*htsv1.UserTable, error] {
	switch extension {
	case ".csv":
		return delimited(from, ',')
	case ".tsv":
		return delimited(from, '\t')
	}
	return func(yield func(*htsv1.UserTable, error) bool) {
		objects := json.NewDecoder(from)
		for number := 1; ; number++ {
			var object map[string]any
			objects.UseNumber()
			err := objects.Decode(&object)
			if errors.Is(err, io.EOF) {
				return
			}
			fields := make(map[string]string, len(object))
			for name, value := range object {
				if value != nil {
					fields[columnName(name)] = fmt.Sprint(value)
				}
			}
			if !yield(houseRow(number, fields, err)) || err != nil {
				return
			}
		}
	}
}

func delimited(from io.Reader, comma rune) iter.Seq2[*htsv1.UserTable, error] {
	return func(yield func(*htsv1.UserTable, error) bool) {
		rows := csv.NewReader(from)
		rows.Comma, rows.LazyQuotes = comma, true
		names, err := rows.Read()
		for number := 1; ; number++ {
			var cells []string
			if err == nil {
				cells, err = rows.Read()
			}
			if errors.Is(err, io.EOF) {
				return
			}
			fields := make(map[string]string, len(cells))
			for i, cell := range cells {
				if cell != "NULL" && cell != `\N` {
					fields[columnName(names[i])] = cell
				}
			}
			if !yield(houseRow(number, fields, err)) || err != nil {
				return
			}
		}
	}
}

// columnName is a column's name, in the spelling of the database or of the service.
func columnName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// houseRow is a row with its number in the file.
func houseRow(number int, fields map[string]string, err error) (*htsv1.UserTable, error) {
	if err != nil {
		return nil, fmt.Errorf("row %d: %w", number, err)
	}
	row := &htsv1.UserTable{}
	for name, into := range map[string]**string{
		"databaseid": &row.DatabaseId, "tableid": &row.TableId, "metadatalocation": &row.MetadataLocation, "storagetype": &row.StorageType,
	} {
		if value, set := fields[name]; set {
			*into = &value
		} else if name != "storagetype" {
			return nil, fmt.Errorf("row %d has no %s", number, name)
		}
	}
	if text := fields["creationtime"]; text != "" {
		at, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("row %d: creationTime is %q, and must be milliseconds since the epoch", number, text)
		}
		row.CreationTime = &at
	}
	return row, nil
}
