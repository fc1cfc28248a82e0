package bench

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/nettest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
	"github.com/igloo-catalog/igloo/services/igloo/report"
)

// contestants are all shapes of Igloo, and the catalogs that flags name.
func contestants(b *testing.B) []*contestant {
	b.Helper()
	all := []*contestant{onS3(b), onFiles(b, report.OnFiles), embedded(b), farAway(b), replicas(b)}
	if *peers != "" {
		all = append(all, fixture(b, *peers), nessie(b, *peers))
	}
	if *peer != "" {
		all = append(all, &contestant{name: *peer, other: true, does: notHuge, target: load.Target{URL: *peer, Warehouse: *peerWarehouse, Token: token(b)}})
	}
	return all
}

// token is that of the peer.
func token(b *testing.B) string {
	b.Helper()
	if *peerToken == "" {
		return ""
	}
	text, err := os.ReadFile(filepath.Clean(*peerToken))
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// notHuge leaves out what takes others minutes a turn.
func notHuge(operation string, connections int) bool {
	return operation != load.TableList(huge) && (operation != load.TableLoad(long) || connections == 1)
}

const (
	// huge is the number of tables, and long the number of snapshots, that others
	// are not asked for, or not by many at once.
	huge = 100_000
	long = 10_000
)

// notAllTables leaves out lists that are the same wherever files lie, since it takes
// minutes to make as many tables.
func notAllTables(operation string, _ int) bool { return operation != load.TableList(huge) }

// theUsual is what shapes of Igloo do that differ in little from another.
func theUsual(operation string, connections int) bool {
	return connections == report.Sixteen && slices.Contains(usual, operation)
}

var usual = []string{
	load.TableLoad(1), load.TableLoad(1000), load.TableList(1000), load.CreateTable,
	load.DistinctCommits, load.ContendedCommits, load.BranchCommits, load.Transaction(10),
}

// everything is the program that is both services.
const everything = "igloo"

// embedded is `igloo serve` on SQLite and local files.
func embedded(b *testing.B) *contestant {
	b.Helper()
	c, listen := &contestant{name: report.Embedded, does: notAllTables}, iglootest.Address(b)
	c.target.URL = "http://" + listen
	c.igloo(b, everything, listen, "--listen", listen, "--data-dir", filepath.Join(b.TempDir(), "data"))
	return c
}

// onFiles is the two services on Postgres, with more settings of it, and a folder.
func onFiles(b *testing.B, name string, settings ...string) *contestant {
	b.Helper()
	c := &contestant{name: name}
	c.ownPostgres(b, settings...)
	c.migrate(b)
	c.target.URL = c.catalog(b, "--housetable", c.houseTables(b), "--warehouse-root", "file://"+filepath.Join(b.TempDir(), "warehouse"))
	return c
}

// onS3 is the two services on Postgres and an S3 server.
func onS3(b *testing.B) *contestant {
	b.Helper()
	c := &contestant{name: report.OnS3, does: notAllTables}
	c.ownPostgres(b)
	c.migrate(b)
	c.target.URL = c.catalog(b, onStore(c.ownStore(b).Endpoint(), c.houseTables(b))...)
	return c
}

// onStore are the settings of a catalog on S3.
func onStore(endpoint string, houseTables ...string) []string {
	return []string{"--housetable", strings.Join(houseTables, ","), "--warehouse-root", "s3://" + s3test.Bucket, "--s3-endpoint", endpoint}
}

// farAway is onS3 with a storage whose every answer takes 20 ms more.
func farAway(b *testing.B) *contestant {
	b.Helper()
	c := &contestant{name: report.FarAway, does: theUsual}
	c.ownPostgres(b)
	c.migrate(b)
	const each = 10 * time.Millisecond // on the way there, and back
	way := nettest.NewProxy(b, c.ownStore(b).Address())
	way.Slow(each)
	c.target.URL = c.catalog(b, onStore("http://"+way.Addr(), c.houseTables(b))...)
	return c
}

// replicas are two catalogs on two house table services and one database.
func replicas(b *testing.B) *contestant {
	b.Helper()
	c := &contestant{name: report.Replicas, does: theUsual}
	c.ownPostgres(b)
	c.migrate(b)
	settings := onStore(c.ownStore(b).Endpoint(), c.houseTables(b), c.houseTables(b))
	c.target.URL = c.catalog(b, settings...)
	c.target.Replicas = []string{c.catalog(b, settings...)}
	return c
}

// fixture is Iceberg's own REST server over its JDBC catalog on Postgres and S3.
func fixture(b *testing.B, jars string) *contestant {
	b.Helper()
	c, listen := &contestant{name: report.Fixture, other: true, does: notHuge}, iglootest.Address(b)
	c.ownPostgres(b)
	store := c.ownStore(b)
	_, number, _ := strings.Cut(listen, ":")
	c.target.URL = "http://" + listen
	c.run(b, proctest.Command{
		Path: filepath.Join(jars, "java", "bin", "java"),
		Args: []string{"-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", filepath.Join(jars, "fixture", "*"), "org.apache.iceberg.rest.RESTCatalogServer"},
		Env: append(keys(),
			"REST_PORT="+number, "CATALOG_REST_PORT="+number,
			"CATALOG_CATALOG__IMPL=org.apache.iceberg.jdbc.JdbcCatalog",
			"CATALOG_URI="+javaURL(c), "CATALOG_JDBC_USER=postgres", "CATALOG_JDBC_SCHEMA__VERSION=V1",
			"CATALOG_WAREHOUSE=s3://"+s3test.Bucket, "CATALOG_IO__IMPL=org.apache.iceberg.aws.s3.S3FileIO",
			"CATALOG_S3_ENDPOINT="+store.Endpoint(), "CATALOG_S3_PATH__STYLE__ACCESS=true",
			"CATALOG_S3_ACCESS__KEY__ID="+s3test.AccessKeyID, "CATALOG_S3_SECRET__ACCESS__KEY="+s3test.SecretAccessKey,
		),
	}, c.target.URL+"/v1/config")
	return c
}

// nessie is Project Nessie's server on Postgres and S3.
func nessie(b *testing.B, jars string) *contestant {
	b.Helper()
	c, listen := &contestant{name: report.Nessie, other: true, does: notHuge}, iglootest.Address(b)
	c.ownPostgres(b)
	store := c.ownStore(b)
	host, number, _ := strings.Cut(listen, ":")
	_, management, _ := strings.Cut(iglootest.Address(b), ":")
	const key = "urn:nessie-secret:quarkus:lake-secrets.root"
	c.target.URL = "http://" + listen + "/iceberg"
	c.run(b, proctest.Command{Path: filepath.Join(jars, "java", "bin", "java"), Env: keys(), Args: []string{
		"-Dquarkus.http.host=" + host, "-Dquarkus.http.port=" + number, "-Dquarkus.management.port=" + management, "-Dquarkus.log.level=WARN",
		"-Dnessie.version.store.type=JDBC2", "-Dnessie.version.store.persist.jdbc.datasource=postgresql",
		"-Dquarkus.datasource.postgresql.jdbc.url=" + javaURL(c),
		"-Dquarkus.datasource.postgresql.username=postgres", "-Dquarkus.datasource.postgresql.password=none",
		"-Dnessie.catalog.default-warehouse=lake", "-Dnessie.catalog.warehouses.lake.location=s3://" + s3test.Bucket,
		"-Dnessie.catalog.service.s3.default-options.endpoint=" + store.Endpoint(), "-Dnessie.catalog.service.s3.default-options.region=" + s3test.Region,
		"-Dnessie.catalog.service.s3.default-options.path-style-access=true", "-Dnessie.catalog.service.s3.default-options.auth-type=STATIC",
		"-Dnessie.catalog.service.s3.default-options.access-key=" + key,
		"-Dlake-secrets.root.name=" + s3test.AccessKeyID, "-Dlake-secrets.root.secret=" + s3test.SecretAccessKey,
		"-jar", filepath.Join(jars, "nessie.jar"),
	}}, c.target.URL+"/v1/config")
	return c
}
