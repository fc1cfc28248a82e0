package probe_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/adlstest"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/gcstest"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/pkg/objectstore/adls"
	"github.com/igloo-catalog/igloo/pkg/objectstore/gcs"
	"github.com/igloo-catalog/igloo/pkg/objectstore/s3"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/catalog/internal/probe"
)

// left are the objects below a prefix.
func left(t *testing.T, store objectstore.Store, prefix string) []string {
	t.Helper()
	var found []string
	for object, err := range store.List(t.Context(), prefix) {
		if errors.Is(err, objectstore.ErrNotFound) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, object.Location)
	}
	return found
}

func works(t *testing.T, store objectstore.Store, root string) {
	t.Helper()
	if err := probe.Roots(t.Context(), store, []string{root + "/a", root + "/b/"}); err != nil {
		t.Error(err)
	}
	if found := left(t, store, root+"/"); len(found) > 0 {
		t.Errorf("left behind: %v", found)
	}
}

func TestWhoMayDoAllPassesOnEveryStore(t *testing.T) {
	t.Run("local", func(t *testing.T) {
		local, err := objectstore.OpenLocal()
		if err != nil {
			t.Fatal(err)
		}
		works(t, local, "file://"+t.TempDir())
	})
	t.Run("s3", func(t *testing.T) {
		server := s3test.New(t)
		works(t, openS3(t, server, s3test.AccessKeyID, s3test.SecretAccessKey), "s3://"+s3test.Bucket+"/w")
	})
	t.Run("gcs", func(t *testing.T) {
		server := gcstest.New(t)
		store, err := gcs.Open(t.Context(), gcs.Config{Endpoint: server.Endpoint()})
		if err != nil {
			t.Fatal(err)
		}
		works(t, store, "gs://"+gcstest.Bucket+"/w")
	})
	t.Run("adls", func(t *testing.T) {
		server := adlstest.New(t)
		store, err := adls.Open(adls.Config{Account: adlstest.Account, AccountKey: adlstest.AccountKey, Endpoint: server.Endpoint()})
		if err != nil {
			t.Fatal(err)
		}
		works(t, store, "abfss://"+adlstest.Container+"@"+adlstest.Account+".dfs.core.windows.net/w")
	})
}

func openS3(t *testing.T, server *s3test.Server, id, secret string) objectstore.Store {
	t.Helper()
	store, err := s3.Open(t.Context(), s3.Config{
		Endpoint: server.Endpoint(), Region: s3test.Region, PathStyle: true, AccessKeyID: id, SecretAccessKey: secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// TestTheMissingRightIsNamed takes one right after the other from a user.
func TestTheMissingRightIsNamed(t *testing.T) {
	server := s3test.NewWithSTS(t)
	rights := []string{"s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:DeleteObject"}
	for right, says := range map[string]string{
		"s3:PutObject": "write objects", "s3:GetObject": "read objects", "s3:ListBucket": "list objects", "s3:DeleteObject": "delete objects",
	} {
		t.Run(says, func(t *testing.T) {
			rest := slices.DeleteFunc(slices.Clone(rights), func(r string) bool { return r == right })
			policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
				"Effect": "Allow", "Action": rest, "Resource": []string{"arn:aws:s3:::" + s3test.Bucket, "arn:aws:s3:::" + s3test.Bucket + "/*"},
			}}})
			if err != nil {
				t.Fatal(err)
			}
			id, secret := server.User(t, string(policy))
			root := "s3://" + s3test.Bucket + "/" + strings.ReplaceAll(says, " ", "-")
			err = probe.Roots(t.Context(), openS3(t, server, id, secret), []string{root})
			if !fault.Is(err, fault.Forbidden) || !strings.Contains(fault.Shown(err), "the right to "+says) || !strings.Contains(fault.Shown(err), root) {
				t.Errorf("without %s: %v", right, err)
			}
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Error("the error tells of the secret")
			}
			remaining := left(t, openS3(t, server, s3test.AccessKeyID, s3test.SecretAccessKey), root+"/")
			if len(remaining) > 0 && right != "s3:DeleteObject" {
				t.Errorf("left behind: %v", remaining)
			}
		})
	}
}

// careless is a store that overwrites.
type careless struct{ objectstore.Store }

func (s careless) Create(ctx context.Context, location string, data []byte) error {
	if err := s.Delete(ctx, location); err != nil {
		return err
	}
	return s.Store.Create(ctx, location, data)
}

func TestAStoreThatOverwritesIsRefused(t *testing.T) {
	local, err := objectstore.OpenLocal()
	if err != nil {
		t.Fatal(err)
	}
	root := "file://" + t.TempDir()
	if err := probe.Roots(t.Context(), careless{local}, []string{root}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "overwrites") {
		t.Error(err)
	}
	if found := left(t, local, root+"/"); len(found) > 0 {
		t.Errorf("left behind: %v", found)
	}
}

func TestAStoreThatIsAway(t *testing.T) {
	store, err := s3.Open(t.Context(), s3.Config{Endpoint: "http://127.0.0.1:1", Region: "x", PathStyle: true, AccessKeyID: "a", SecretAccessKey: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if err := probe.Roots(t.Context(), store, []string{"s3://b/w"}); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}
