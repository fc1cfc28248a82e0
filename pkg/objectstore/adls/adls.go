// Package adls owns the way to files in Azure: Data Lake Storage Gen2 and plain
// blobs, of one storage account.
//
// It promises what objectstore.Store does; that a create whose answer was lost
// is not taken for another's; and that a request ends when its context does, or
// when the server says nothing for as long as a try may take.
package adls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// An operation is tried again so often, with a random pause of at most maxBackoff
// between.
const (
	retries    = 3
	minBackoff = 50 * time.Millisecond
	maxBackoff = time.Second
)

// Config is which account the objects are in and who asks for them.
type Config struct {
	// Account is the storage account's name.
	Account string
	// Endpoint is the URL of the account's blob service; Azure's own when empty.
	Endpoint string
	// AccountKey is the account's shared key; without one, credentials come from
	// where Azure's libraries look: environment, workload and managed identities.
	AccountKey string
	// Patience is how long the server may be silent during a try;
	// objectstore.DefaultPatience when 0.
	Patience time.Duration
}

// Store is an objectstore.Store over the containers of one account.
type Store struct {
	account string
	client  *service.Client
	limit   int64
}

var _ objectstore.Store = (*Store)(nil)

// Open makes a store; it connects when first used.
func Open(cfg Config) (*Store, error) {
	endpoint := cfg.Endpoint
	if endpoint == "" {
		endpoint = "https://" + cfg.Account + ".blob.core.windows.net/"
	}
	client, err := newClient(endpoint, cfg)
	if err != nil {
		return nil, fmt.Errorf("open storage account %q: %w", cfg.Account, err)
	}
	return &Store{account: cfg.Account, client: client, limit: objectstore.DefaultReadLimit}, nil
}

func newClient(endpoint string, cfg Config) (*service.Client, error) {
	options := &service.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport:        &http.Client{Transport: objectstore.NewTransport(nil, cfg.Patience)},
		Retry:            policy.RetryOptions{MaxRetries: retries, RetryDelay: minBackoff, MaxRetryDelay: maxBackoff},
		PerRetryPolicies: []policy.Policy{tries{}},
	}}
	if cfg.AccountKey != "" {
		key, err := azblob.NewSharedKeyCredential(cfg.Account, cfg.AccountKey)
		if err != nil {
			return nil, errors.New("the account's key is not base64")
		}
		return service.NewClientWithSharedKeyCredential(endpoint, key, options)
	}
	found, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, err
	}
	return service.NewClient(endpoint, found, options)
}

func (s *Store) container(p place) *container.Client {
	return s.client.NewContainerClient(p.container)
}

func (s *Store) blob(p place) *blockblob.Client {
	return s.container(p).NewBlockBlobClient(p.name)
}

// Read implements objectstore.Store.
func (s *Store) Read(ctx context.Context, location string) ([]byte, error) {
	p, err := s.find(location)
	if err != nil {
		return nil, err
	}
	// The library tries again what fails before the first byte of an object.
	for try := 0; ; try++ {
		data, begun, err := s.read(ctx, p)
		switch {
		case err == nil || fault.Is(err, fault.TooLarge):
			return data, err
		case !begun || try == retries || ctx.Err() != nil:
			return nil, said("read object", location, err)
		}
	}
}

// read reads an object once; begun is set when its first byte could be had.
func (s *Store) read(ctx context.Context, p place) (data []byte, begun bool, err error) {
	out, err := s.blob(p).DownloadStream(ctx, nil)
	if err != nil {
		return nil, false, err
	}
	defer out.Body.Close()
	data, err = objectstore.ReadAll(out.Body, *out.ContentLength, s.limit)
	return data, true, err
}

// Stat implements objectstore.Store.
func (s *Store) Stat(ctx context.Context, location string) (objectstore.Object, error) {
	p, err := s.find(location)
	if err != nil {
		return objectstore.Object{}, err
	}
	out, err := s.blob(p).GetProperties(ctx, nil)
	if err != nil {
		return objectstore.Object{}, said("stat object", location, err)
	}
	return objectstore.Object{Location: location, Size: *out.ContentLength, Modified: *out.LastModified}, nil
}

// Create implements objectstore.Store by a conditional upload.
func (s *Store) Create(ctx context.Context, location string, data []byte) error {
	p, err := s.find(location)
	if err != nil {
		return err
	}
	counted, count := countTries(ctx)
	_, err = s.blob(p).Upload(counted, streaming.NopCloser(bytes.NewReader(data)), &blockblob.UploadOptions{
		AccessConditions: &blob.AccessConditions{
			ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)},
		},
	})
	return objectstore.Created(ctx, s, location, data, int(count.Load()), said("create object", location, err))
}

// Delete implements objectstore.Store, several objects at a time.
func (s *Store) Delete(ctx context.Context, locations ...string) error {
	return objectstore.DeleteEach(ctx, locations, func(location string) error {
		p, err := s.find(location)
		if err != nil {
			return err
		}
		_, err = s.blob(p).Delete(ctx, nil)
		if err = said("delete object", location, err); isAbsent(err) {
			return nil
		}
		return err
	})
}

// List implements objectstore.Store, a page after the other.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		p, err := s.find(prefix)
		if err != nil {
			yield(objectstore.Object{}, err)
			return
		}
		root := prefix[:len(prefix)-len(p.name)]
		pages := s.container(p).NewListBlobsFlatPager(&container.ListBlobsFlatOptions{
			Prefix: &p.name, Include: container.ListBlobsInclude{Metadata: true},
		})
		for pages.More() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(objectstore.Object{}, said("list objects", prefix, err))
				return
			}
			if !each(page.Segment.BlobItems, root, yield) {
				return
			}
		}
	}
}

// each yields the objects of a page. Accounts with folders list those too, as
// objects that say of themselves what they are.
func each(items []*container.BlobItem, root string, yield func(objectstore.Object, error) bool) bool {
	for _, item := range items {
		if _, folder := item.Metadata["hdi_isfolder"]; folder {
			continue
		}
		found := objectstore.Object{
			Location: root + *item.Name, Size: *item.Properties.ContentLength, Modified: *item.Properties.LastModified,
		}
		if !yield(found, nil) {
			return false
		}
	}
	return true
}

// tries counts the tries of an operation whose context asks for it.
type tries struct{}

// Do implements policy.Policy.
func (tries) Do(request *policy.Request) (*http.Response, error) {
	if count, ok := request.Raw().Context().Value(tries{}).(*counter); ok {
		count.Add(1)
	}
	return request.Next()
}
