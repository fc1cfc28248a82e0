package bench

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

// contestant is a running catalog with all that serves it and nobody else, so that
// CPU can be charged to it.
type contestant struct {
	name     string
	target   load.Target
	services []int           // ids of its own processes
	postgres *pgtest.Cluster // nil where it has none
	store    []int           // ids of its S3 server's
	small    bool            // too slow for what needs 100,000 tables
}

// use is CPU that was used: by the catalog with its database, and by the storage.
type use struct{ catalog, store time.Duration }

func (c *contestant) used(b *testing.B) use {
	b.Helper()
	var u use
	var err error
	if u.catalog, err = benchtest.CPU(c.services...); err != nil {
		b.Fatal(err)
	}
	if u.store, err = benchtest.CPU(c.store...); err != nil {
		b.Fatal(err)
	}
	if c.postgres != nil {
		postgres, err := benchtest.FamilyCPU(c.postgres.PID())
		if err != nil {
			b.Fatal(err)
		}
		u.catalog += postgres
	}
	return u
}

// run starts a program of the contestant's, which ends with the benchmark, and
// waits until the URL answers.
func (c *contestant) run(b *testing.B, command proctest.Command, ready string) {
	b.Helper()
	process, err := proctest.Start(command)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = process.Kill() })
	c.services = append(c.services, process.PID())
	proctest.Await(b, process, startTimeout, func(ctx context.Context) error {
		if !iglootest.Answers(ctx, ready) {
			return errNotReady
		}
		return nil
	})
}

// igloo runs one of Igloo's programs.
func (c *contestant) igloo(b *testing.B, name, listen string, settings ...string) {
	b.Helper()
	command := proctest.Command{Path: iglootest.Program(b, name), Args: append([]string{"serve"}, settings...), Env: keys()}
	c.run(b, command, "http://"+listen+"/readyz")
}

func (c *contestant) ownPostgres(b *testing.B) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), startTimeout)
	defer cancel()
	postgres, err := pgtest.Start(ctx, settings...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = postgres.Stop() })
	c.postgres = postgres
}

func (c *contestant) ownStore(b *testing.B) *s3test.Server {
	b.Helper()
	store := s3test.New(b)
	c.store = []int{store.PID()}
	return store
}

// keys are what the tools of Amazon find the storage's by.
func keys() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + s3test.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretAccessKey, "AWS_REGION=" + s3test.Region}
}

// embedded is `igloo serve` on SQLite and local files.
func embedded(b *testing.B) *contestant {
	b.Helper()
	c, listen := &contestant{name: "igloo serve, local files"}, iglootest.Address(b)
	c.target.URL = "http://" + listen
	c.igloo(b, "igloo", listen, "--listen", listen, "--data-dir", filepath.Join(b.TempDir(), "data"))
	return c
}

// split is the two services on Postgres; root is a folder, or on its own S3 server.
func split(b *testing.B, where string) *contestant {
	b.Helper()
	c := &contestant{name: twoServices + where}
	c.ownPostgres(b)
	migrate(b, c.postgres.URL("postgres"))
	storage := []string{"--warehouse-root", "file://" + filepath.Join(b.TempDir(), "warehouse")}
	if where == onS3 {
		storage = []string{"--warehouse-root", "s3://" + s3test.Bucket, "--s3-endpoint", c.ownStore(b).Endpoint()}
	}
	grpc, rest, listen := iglootest.Address(b), iglootest.Address(b), iglootest.Address(b)
	c.igloo(b, "housetable", rest, "--grpc-listen", grpc, "--http-listen", rest, "--database-url", c.postgres.URL("postgres"))
	c.igloo(b, "catalog", listen, append([]string{"--listen", listen, "--housetable", grpc}, storage...)...)
	c.target.URL = "http://" + listen
	return c
}

const (
	twoServices = "Igloo, two services on Postgres, "
	fixtureName = "Iceberg's fixture 1.11.0, JDBC on Postgres, S3"
	onS3        = "S3"
	onFiles     = "local files"
)

// fixture is Iceberg's own REST server over its JDBC catalog.
func fixture(b *testing.B, jars string) *contestant {
	b.Helper()
	c, port := &contestant{name: fixtureName, small: true}, iglootest.Address(b)
	c.ownPostgres(b)
	store := c.ownStore(b)
	_, number, _ := strings.Cut(port, ":")
	c.target.URL = "http://" + port
	c.run(b, proctest.Command{
		Path: filepath.Join(jars, "java", "bin", "java"),
		Args: []string{"-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", filepath.Join(jars, "fixture", "*"), "org.apache.iceberg.rest.RESTCatalogServer"},
		Env: append(keys(),
			"REST_PORT="+number, "CATALOG_REST_PORT="+number,
			"CATALOG_CATALOG__IMPL=org.apache.iceberg.jdbc.JdbcCatalog",
			"CATALOG_URI=jdbc:"+strings.Replace(c.postgres.URL("postgres"), "postgres://postgres@", "postgresql://", 1),
			"CATALOG_JDBC_USER=postgres", "CATALOG_JDBC_SCHEMA__VERSION=V1",
			"CATALOG_WAREHOUSE=s3://"+s3test.Bucket, "CATALOG_IO__IMPL=org.apache.iceberg.aws.s3.S3FileIO",
			"CATALOG_S3_ENDPOINT="+store.Endpoint(), "CATALOG_S3_PATH__STYLE__ACCESS=true",
			"CATALOG_S3_ACCESS__KEY__ID="+s3test.AccessKeyID, "CATALOG_S3_SECRET__ACCESS__KEY="+s3test.SecretAccessKey,
		),
	}, c.target.URL+"/v1/config")
	return c
}

// nessie is Project Nessie's server.
func nessie(b *testing.B, jars string) *contestant {
	b.Helper()
	c, port := &contestant{name: "Nessie 0.99.0, JDBC on Postgres, S3", small: true}, iglootest.Address(b)
	c.ownPostgres(b)
	store := c.ownStore(b)
	host, number, _ := strings.Cut(port, ":")
	_, management, _ := strings.Cut(iglootest.Address(b), ":")
	const key = "urn:nessie-secret:quarkus:lake-secrets.root"
	c.target.URL = "http://" + port + "/iceberg"
	c.run(b, proctest.Command{Path: filepath.Join(jars, "java", "bin", "java"), Env: keys(), Args: []string{
		"-Dquarkus.http.host=" + host, "-Dquarkus.http.port=" + number, "-Dquarkus.management.port=" + management, "-Dquarkus.log.level=WARN",
		"-Dnessie.version.store.type=JDBC2", "-Dnessie.version.store.persist.jdbc.datasource=postgresql",
		"-Dquarkus.datasource.postgresql.jdbc.url=jdbc:" + strings.Replace(c.postgres.URL("postgres"), "postgres://postgres@", "postgresql://", 1),
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
