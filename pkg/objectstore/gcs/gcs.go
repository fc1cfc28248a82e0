// Package gcs owns the way to files in Google Cloud Storage.
//
// It promises what objectstore.Store does; that a create whose answer was lost
// is not taken for another's; and that a request ends when its context does, or
// when the server says nothing for as long as a try may take. It speaks the JSON protocol through
// Google's generated client: the newer library brings a second protocol along,
// and three times the weight.
package gcs

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	"google.golang.org/api/storage/v1"
	authorized "google.golang.org/api/transport/http"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// Config is where the objects are and who asks for them.
type Config struct {
	// Endpoint is the URL of the service; Google's own when empty. Another's is
	// asked without credentials when there are none.
	Endpoint string
	// ServiceAccount is the key of a service account, in JSON; without one,
	// credentials come from where Google's libraries look: environment, shared
	// files, workload identity, metadata service.
	ServiceAccount []byte
	// Patience is how long the server may be silent during a try;
	// objectstore.DefaultPatience when 0.
	Patience time.Duration
}

// Store is an objectstore.Store over every bucket that its credentials open.
type Store struct {
	objects *storage.ObjectsService
	limit   int64
}

var _ objectstore.Store = (*Store)(nil)

// Open makes a store; it connects when first used.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	client, err := httpClient(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("find credentials of Google: %w", err)
	}
	options := []option.ClientOption{option.WithHTTPClient(client)}
	if cfg.Endpoint != "" {
		options = append(options, option.WithEndpoint(strings.TrimRight(cfg.Endpoint, "/")+"/storage/v1/"))
	}
	service, err := storage.NewService(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("open Google's storage: %w", err)
	}
	return &Store{objects: service.Objects, limit: objectstore.DefaultReadLimit}, nil
}

func httpClient(ctx context.Context, cfg Config) (*http.Client, error) {
	options := []option.ClientOption{option.WithScopes(storage.DevstorageReadWriteScope)}
	switch {
	case len(cfg.ServiceAccount) > 0:
		options = append(options, option.WithAuthCredentialsJSON(option.ServiceAccount, cfg.ServiceAccount))
	case cfg.Endpoint != "":
		options = []option.ClientOption{option.WithoutAuthentication()}
	}
	signing, err := authorized.NewTransport(ctx, objectstore.NewTransport(nil, cfg.Patience), options...)
	return &http.Client{Transport: signing}, err
}

// Read implements objectstore.Store.
func (s *Store) Read(ctx context.Context, location string) ([]byte, error) {
	bucket, name, err := split(location)
	if err != nil {
		return nil, err
	}
	var data []byte
	_, err = try(ctx, func() error {
		out, err := s.objects.Get(bucket, name).Context(ctx).Download()
		if err != nil {
			return err
		}
		defer out.Body.Close()
		data, err = objectstore.ReadAll(out.Body, out.ContentLength, s.limit)
		return err
	})
	return data, said("read object", location, err)
}

// Stat implements objectstore.Store.
func (s *Store) Stat(ctx context.Context, location string) (objectstore.Object, error) {
	bucket, name, err := split(location)
	if err != nil {
		return objectstore.Object{}, err
	}
	var found *storage.Object
	_, err = try(ctx, func() (err error) {
		found, err = s.objects.Get(bucket, name).Context(ctx).Fields("size", "timeCreated").Do()
		return err
	})
	if err != nil {
		return objectstore.Object{}, said("stat object", location, err)
	}
	return object(location, found)
}

func object(location string, found *storage.Object) (objectstore.Object, error) {
	created, err := time.Parse(time.RFC3339, found.TimeCreated)
	if err != nil {
		return objectstore.Object{}, fmt.Errorf("time of an object: %w", err)
	}
	return objectstore.Object{Location: location, Size: int64(found.Size), Modified: created}, nil
}

// Create implements objectstore.Store: generation 0 is that of no object.
func (s *Store) Create(ctx context.Context, location string, data []byte) error {
	bucket, name, err := split(location)
	if err != nil {
		return err
	}
	tries, err := try(ctx, func() error {
		_, err := s.objects.Insert(bucket, &storage.Object{Name: name, ContentType: "application/octet-stream"}).
			IfGenerationMatch(0).Media(bytes.NewReader(data), googleapi.ChunkSize(0)).Fields("name").Context(ctx).Do()
		return err
	})
	err = inBucket("create object", location, said("create object", location, err))
	return objectstore.Created(ctx, s, location, data, tries, err)
}

// Delete implements objectstore.Store, several objects at a time.
func (s *Store) Delete(ctx context.Context, locations ...string) error {
	return objectstore.DeleteEach(ctx, locations, func(location string) error {
		bucket, name, err := split(location)
		if err != nil {
			return err
		}
		_, err = try(ctx, func() error { return s.objects.Delete(bucket, name).Context(ctx).Do() })
		if err = said("delete object", location, err); isAbsent(err) {
			return nil
		}
		return err
	})
}

// List implements objectstore.Store, a page after the other.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		bucket, name, err := split(prefix)
		if err != nil {
			yield(objectstore.Object{}, err)
			return
		}
		root := prefix[:len(prefix)-len(name)]
		call := s.objects.List(bucket).Prefix(name).Fields("nextPageToken", "items(name,size,timeCreated)").Context(ctx)
		for more := true; more; {
			var page *storage.Objects
			if _, err := try(ctx, func() (err error) { page, err = call.Do(); return err }); err != nil {
				yield(objectstore.Object{}, inBucket("list objects", prefix, said("list objects", prefix, err)))
				return
			}
			if !each(page.Items, root, yield) {
				return
			}
			call.PageToken(page.NextPageToken)
			more = page.NextPageToken != ""
		}
	}
}

func each(items []*storage.Object, root string, yield func(objectstore.Object, error) bool) bool {
	for _, item := range items {
		if !yield(object(root+item.Name, item)) {
			return false
		}
	}
	return true
}
