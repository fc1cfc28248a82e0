package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/adlstest"
	"github.com/igloo-catalog/igloo/pkg/gcstest"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestDemo runs what `make demo` runs, which checks every count against its source.
func TestDemo(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			out := python(t, "demo.py", "--uri", d.URL)
			if !strings.Contains(out, "every count is the source's") {
				t.Errorf("the report has no verdict:\n%s", out)
			}
		})
	}
}

// TestPyIceberg goes through what PyIceberg's users do with a catalog.
func TestPyIceberg(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t)
			out := python(t, "pyiceberg_steps.py", d.URL)
			t.Log(out)
		})
	}
}

// TestPyIcebergOnStores goes through the same with the warehouse in a bucket.
func TestPyIcebergOnStores(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		for name, open := range map[string]func(*testing.T) store{
			"S3": onS3, "S3 with vended keys": onVendedS3, "S3 with signed requests": onSigningS3, "GCS": onGCS, "GCS with vended tokens": onVendedGCS, "ADLS": onADLS,
		} {
			t.Run(shape.Name+"/"+name, func(t *testing.T) {
				s := open(t)
				d := shape.Start(t, s.settings...)
				out := python(t, "pyiceberg_steps.py", append([]string{d.URL}, s.properties...)...)
				t.Log(out)
			})
		}
	}
}

// store is how Igloo and PyIceberg are told of a running store.
type store struct{ settings, properties []string }

func onS3(t *testing.T) store {
	t.Helper()
	s3 := s3test.New(t)
	return store{
		settings: []string{
			"--warehouse-root", "s3://" + s3test.Bucket + "/warehouse", "--s3-endpoint", s3.Endpoint(), "--s3-path-style",
			"--s3-region", s3test.Region, "--s3-access-key-id", s3test.AccessKeyID, "--s3-secret-access-key", s3test.SecretAccessKey,
		},
		properties: []string{
			"s3.endpoint=" + s3.Endpoint(), "s3.region=" + s3test.Region,
			"s3.access-key-id=" + s3test.AccessKeyID, "s3.secret-access-key=" + s3test.SecretAccessKey,
		},
	}
}

// onVendedS3 leaves PyIceberg with nothing but what the catalog gives it.
func onVendedS3(t *testing.T) store {
	t.Helper()
	s3 := s3test.NewWithSTS(t)
	return store{settings: []string{
		"--warehouse-root", "s3://" + s3test.Bucket + "/warehouse", "--s3-endpoint", s3.Endpoint(), "--s3-path-style",
		"--s3-region", s3test.Region, "--s3-access-key-id", s3test.AccessKeyID, "--s3-secret-access-key", s3test.SecretAccessKey,
		"--s3-role-arn", "arn:aws:iam::000000000000:role/tables", "--s3-sts-endpoint", s3.STS(),
	}}
}

// onSigningS3 leaves PyIceberg without any key: it has each request signed. One
// thing at a time, for a thread of PyIceberg that opens a file takes the signer
// away from the others for a moment, and what these send then is not signed.
func onSigningS3(t *testing.T) store {
	t.Helper()
	t.Setenv("PYICEBERG_MAX_WORKERS", "1")
	s := onS3(t)
	s.properties = []string{"header.X-Iceberg-Access-Delegation=remote-signing", "writers=1"}
	return s
}

func onGCS(t *testing.T) store {
	t.Helper()
	gcs := gcstest.New(t)
	return store{
		settings: []string{"--warehouse-root", "gs://" + gcstest.Bucket + "/warehouse", "--gcs-endpoint", gcs.Endpoint()},
		properties: []string{
			"gcs.service.host=" + gcs.Endpoint(), "gcs.oauth2.token=any", "gcs.oauth2.token-expires-at=4102444800000",
		},
	}
}

// onVendedGCS leaves PyIceberg with nothing but what the catalog gives it.
func onVendedGCS(t *testing.T) store {
	t.Helper()
	gcs := gcstest.NewWithSTS(t)
	account := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(account, gcs.ServiceAccount(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return store{settings: []string{
		"--warehouse-root", "gs://" + gcstest.Bucket + "/warehouse", "--gcs-endpoint", gcs.Endpoint(),
		"--gcs-service-account", account, "--gcs-vended-tokens", "--gcs-sts-endpoint", gcs.STS(),
	}}
}

func onADLS(t *testing.T) store {
	t.Helper()
	adls := adlstest.New(t)
	return store{
		settings: []string{
			"--warehouse-root", "abfss://" + adlstest.Container + "@" + adlstest.Account + ".dfs.core.windows.net/warehouse",
			"--adls-account", adlstest.Account, "--adls-endpoint", adls.Endpoint(), "--adls-account-key", adlstest.AccountKey,
		},
		properties: []string{
			"py-io-impl=pyiceberg.io.fsspec.FsspecFileIO",
			"adls.connection-string=DefaultEndpointsProtocol=http;AccountName=" + adlstest.Account +
				";AccountKey=" + adlstest.AccountKey + ";BlobEndpoint=" + adls.Endpoint() + ";",
		},
	}
}
