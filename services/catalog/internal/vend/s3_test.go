package vend_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/vend"
)

// lake is a store, what the catalog knows of it, and what lies there.
type lake struct {
	server *s3test.Server
	vendor *vend.Vendor
}

func newLake(t *testing.T) *lake {
	t.Helper()
	l := &lake{server: s3test.NewWithSTS(t)}
	client := sts.New(sts.Options{
		Region: s3test.Region, BaseEndpoint: aws.String(l.server.STS()),
		Credentials: credentials.NewStaticCredentialsProvider(s3test.AccessKeyID, s3test.SecretAccessKey, ""),
	})
	issuer := vend.NewS3(client, vend.S3Config{
		RoleARN: "arn:aws:iam::000000000000:role/tables", Life: time.Hour,
		Region: s3test.Region, Endpoint: l.server.Endpoint(), PathStyle: true,
	})
	var err error
	if l.vendor, err = vend.New(catalog.DelegateOnRequest, map[string]vend.Issuer{"s3": issuer}, nil); err != nil {
		t.Fatal(err)
	}
	root := l.open(t, map[string]string{"s3.access-key-id": s3test.AccessKeyID, "s3.secret-access-key": s3test.SecretAccessKey})
	for _, location := range []string{"s3://lake/a/1", "s3://lake/a*/1", "s3://lake/ab/1", "s3://lake/b/1", "s3://lake/data/a/1"} {
		if err := root.Create(t.Context(), location, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// open is the store as who has the key sees it.
func (l *lake) open(t *testing.T, config map[string]string) *s3.Store {
	t.Helper()
	store, err := s3.Open(t.Context(), s3.Config{
		Region: s3test.Region, Endpoint: l.server.Endpoint(), PathStyle: true,
		AccessKeyID: config["s3.access-key-id"], SecretAccessKey: config["s3.secret-access-key"], SessionToken: config["s3.session-token"],
	})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func (l *lake) vend(t *testing.T, g catalog.Grant) catalog.Access {
	t.Helper()
	g.Ways = []catalog.Way{catalog.VendedCredentials}
	access, err := l.vendor.Vend(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	if len(access.Credentials) != 1 {
		t.Fatalf("credentials: %d", len(access.Credentials))
	}
	return access
}

// The store itself refuses: a key is only as narrow as it is for the store.
func TestAKeyOpensOneTable(t *testing.T) {
	l := newLake(t)
	for name, c := range map[string]struct {
		grant   catalog.Grant
		opens   []string
		refuses []string
	}{
		"one folder": {
			catalog.Grant{Locations: []string{"s3://lake/a"}},
			[]string{"s3://lake/a/1"},
			[]string{"s3://lake/b/1", "s3://lake/ab/1", "s3://lake/data/a/1"},
		},
		"a name that could be a pattern": { // which this server takes for a name that it does not have
			catalog.Grant{Locations: []string{"s3://lake/a*"}},
			nil,
			[]string{"s3://lake/a/1", "s3://lake/ab/1"},
		},
		"data elsewhere": {
			catalog.Grant{Locations: []string{"s3://lake/a/", "s3://lake/data/a", "s3://lake/a/metadata"}},
			[]string{"s3://lake/a/1", "s3://lake/data/a/1"},
			[]string{"s3://lake/b/1", "s3://lake/ab/1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := l.open(t, l.vend(t, c.grant).Credentials[0].Config)
			for _, location := range c.opens {
				if _, err := store.Read(t.Context(), location); err != nil {
					t.Errorf("read %s: %v", location, err)
				}
			}
			for _, location := range c.refuses {
				if _, err := store.Read(t.Context(), location); !fault.Is(err, fault.Forbidden) {
					t.Errorf("read %s: %v", location, err)
				}
				for _, err := range store.List(t.Context(), location) {
					if !fault.Is(err, fault.Forbidden) {
						t.Errorf("list %s: %v", location, err)
					}
				}
			}
		})
	}
}

func TestReadingIsNotWriting(t *testing.T) {
	l := newLake(t)
	reader := l.open(t, l.vend(t, catalog.Grant{Locations: []string{"s3://lake/a"}}).Config)
	writer := l.open(t, l.vend(t, catalog.Grant{Locations: []string{"s3://lake/a"}, Write: true}).Config)
	if err := reader.Create(t.Context(), "s3://lake/a/2", nil); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a reader creates: %v", err)
	}
	if err := reader.Delete(t.Context(), "s3://lake/a/1"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a reader deletes: %v", err)
	}
	if err := writer.Create(t.Context(), "s3://lake/a/2", nil); err != nil {
		t.Errorf("a writer creates: %v", err)
	}
	if err := writer.Create(t.Context(), "s3://lake/b/2", nil); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a writer creates elsewhere: %v", err)
	}
	if err := writer.Delete(t.Context(), "s3://lake/a/1", "s3://lake/a/2"); err != nil {
		t.Errorf("a writer deletes: %v", err)
	}
}
