package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/adlstest"
	"github.com/igloo-catalog/igloo/pkg/gcstest"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/adls"
	"github.com/igloo-catalog/igloo/pkg/objectstore/gcs"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// kind is a warehouse in a store of one kind.
type kind struct {
	// root is where its tables lie, storage its profile.
	root, storage string
	// properties are what PyIceberg has to be told beside what the catalog gives it.
	properties []string
	// files is the store, for the test to look.
	files objectstore.Store
	// secrets are those of the profile.
	secrets []string
}

// kinds are a warehouse each, of which those on S3 and on Google's storage give
// clients keys, made for each table.
func kinds(t *testing.T) map[string]kind {
	t.Helper()
	return map[string]kind{"amazon": onAmazon(t), "google": onGoogle(t), "azure": onAzure(t)}
}

func onAmazon(t *testing.T) kind {
	t.Helper()
	server := s3test.NewWithSTS(t)
	files, err := s3.Open(t.Context(), s3.Config{
		Endpoint: server.Endpoint(), Region: s3test.Region, PathStyle: true,
		AccessKeyID: s3test.AccessKeyID, SecretAccessKey: s3test.SecretAccessKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	return kind{
		root: "s3://" + s3test.Bucket + "/w", files: files, secrets: []string{s3test.SecretAccessKey},
		storage: fmt.Sprintf(`"s3":{"endpoint":%q,"region":%q,"pathStyle":true,"accessKeyId":%q,"secretAccessKey":%q,"roleArn":"arn:aws:iam::000000000000:role/tables","stsEndpoint":%q}`,
			server.Endpoint(), s3test.Region, s3test.AccessKeyID, s3test.SecretAccessKey, server.STS()),
	}
}

func onGoogle(t *testing.T) kind {
	t.Helper()
	server := gcstest.NewWithSTS(t)
	account := server.ServiceAccount(t)
	files, err := gcs.Open(t.Context(), gcs.Config{Endpoint: server.Endpoint(), ServiceAccount: account})
	if err != nil {
		t.Fatal(err)
	}
	var key struct {
		PrivateKey string `json:"private_key"`
	}
	if err := json.Unmarshal(account, &key); err != nil {
		t.Fatal(err)
	}
	return kind{
		root: "gs://" + gcstest.Bucket + "/w", files: files, secrets: []string{strings.Split(key.PrivateKey, "\n")[1]},
		storage: fmt.Sprintf(`"gcs":{"endpoint":%q,"serviceAccount":%q,"vendedTokens":true,"stsEndpoint":%q}`, server.Endpoint(), account, server.STS()),
	}
}

func onAzure(t *testing.T) kind {
	t.Helper()
	server := adlstest.New(t)
	files, err := adls.Open(adls.Config{Account: adlstest.Account, Endpoint: server.Endpoint(), AccountKey: adlstest.AccountKey})
	if err != nil {
		t.Fatal(err)
	}
	return kind{
		root:  "abfss://" + adlstest.Container + "@" + adlstest.Account + ".dfs.core.windows.net/w",
		files: files, secrets: []string{adlstest.AccountKey},
		storage: fmt.Sprintf(`"adls":{"account":%q,"endpoint":%q,"accountKey":%q}`, adlstest.Account, server.Endpoint(), adlstest.AccountKey),
		properties: []string{
			"py-io-impl=pyiceberg.io.fsspec.FsspecFileIO",
			"adls.connection-string=DefaultEndpointsProtocol=http;AccountName=" + adlstest.Account +
				";AccountKey=" + adlstest.AccountKey + ";BlobEndpoint=" + server.Endpoint() + ";",
		},
	}
}

func (k kind) profile(name string) string {
	return fmt.Sprintf(`{"warehouse":{"name":%q,"location":%q,"storage":{%s}}}`, name, k.root, k.storage)
}

// below are the locations of all files below a prefix.
func (k kind) below(t *testing.T, prefix string) []string {
	t.Helper()
	var found []string
	for object, err := range k.files.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, object.Location)
	}
	return found
}

// TestWarehousesOnStoresOfEveryKind: one catalog has a warehouse on S3, one on
// Google's storage and one on Azure, and PyIceberg works in those that no other test
// has it work in, of the services split.
func TestWarehousesOnStoresOfEveryKind(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d, all := shape.Start(t), kinds(t)
			for name, k := range all {
				posted(t, d.HTS+"/hts/warehouses", k.profile(name), http.StatusCreated)
				if found := k.below(t, k.root); len(found) != 0 {
					t.Fatalf("%s holds %q before there are tables", name, found)
				}
			}
			for _, name := range map[string][]string{"split": {"google", "azure"}}[shape.Name] {
				k := all[name]
				out := python(t, "pyiceberg_steps.py", append([]string{d.URL, "warehouse=" + name}, k.properties...)...)
				t.Logf("%s:\n%s", name, out)
			}
			for name, k := range all {
				makeTable(t, d, name)
				if found := k.below(t, k.root+"/ns/t-"); len(found) != 2 {
					t.Errorf("%s holds %q of the table", name, found)
				}
			}
		})
	}
}
