package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// fixtureStart bounds the start of a server in Java.
const fixtureStart = 2 * time.Minute

// newFixture starts Iceberg's own REST server, over its JDBC catalog on Postgres and
// local files, until the test ends. It wants levels joined by a dot.
func newFixture(t *testing.T, b *bench) catalog {
	t.Helper()
	classpath, err := os.ReadFile(b.installed(t, "java", "classpath"))
	if err != nil {
		t.Fatal(err)
	}
	database := strings.Replace(pgtest.New(t, nil), "postgres://postgres@", "jdbc:postgresql://", 1)
	listen := iglootest.Address(t)
	_, port, _ := strings.Cut(listen, ":")
	process, err := proctest.Start(proctest.Command{
		Path: "java",
		Args: []string{
			"-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
			"-cp", strings.TrimSpace(string(classpath)), "org.apache.iceberg.rest.RESTCatalogServer",
		},
		Env: []string{
			"REST_PORT=" + port, "CATALOG_REST_PORT=" + port,
			"CATALOG_CATALOG__IMPL=org.apache.iceberg.jdbc.JdbcCatalog", "CATALOG_IO__IMPL=org.apache.iceberg.hadoop.HadoopFileIO",
			"CATALOG_URI=" + database, "CATALOG_JDBC_USER=postgres", "CATALOG_JDBC_SCHEMA__VERSION=V1",
			"CATALOG_WAREHOUSE=file://" + t.TempDir(),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Kill() })
	at := "http://" + listen
	proctest.Await(t, process, fixtureStart, func(ctx context.Context) error {
		if !iglootest.Answers(ctx, at+"/v1/config") {
			return errors.New("Iceberg's REST server is not ready")
		}
		return nil
	})
	return catalog{at, "."}
}

// catalog is one that is asked over HTTP.
type catalog struct {
	url string
	// separator joins the levels of namespaces in paths.
	separator string
}

// thing is a table or a view, of a namespace of some levels.
type thing struct {
	namespace  []string
	kind, name string // the kind as in paths: "tables"
}

// placed is where a thing's metadata is, and its uuid.
type placed struct{ location, uuid string }

func (c catalog) namespace(levels []string) string {
	return "namespaces/" + url.PathEscape(strings.Join(levels, c.separator))
}

// place is where the catalog has a thing; nowhere if it has none.
func (c catalog) place(ctx context.Context, of thing) (placed, error) {
	status, answer, err := c.ask(ctx, http.MethodGet, c.namespace(of.namespace)+"/"+of.kind+"/"+url.PathEscape(of.name), "")
	if err != nil || status == http.StatusNotFound {
		return placed{}, err
	}
	if status != http.StatusOK {
		return placed{}, fmt.Errorf("%v: %d %s", of, status, answer)
	}
	var loaded struct {
		Location string `json:"metadata-location"`
		Metadata struct {
			Table string `json:"table-uuid"`
			View  string `json:"view-uuid"`
		}
	}
	err = json.Unmarshal(answer, &loaded)
	return placed{loaded.Location, loaded.Metadata.Table + loaded.Metadata.View}, err
}

// makes has the catalog make something.
func (c catalog) makes(ctx context.Context, path, body string) error {
	status, answer, err := c.ask(ctx, http.MethodPost, path, body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", path, status, answer)
	}
	return err
}

func (c catalog) ask(ctx context.Context, method, path, body string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+"/v1/"+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}
