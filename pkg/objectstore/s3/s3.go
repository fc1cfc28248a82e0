// Package s3 owns the way to files in S3 and whatever speaks its protocol.
//
// It promises what objectstore.Store does; that a create whose answer was lost
// is not taken for another's; and that a request ends when its context does, or
// when the server says nothing for as long as a try may take.
package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// The library tries an operation so often, with a random pause between that is at
// most minBackoff at first and maxBackoff in the end.
const (
	maxTries   = 4
	minBackoff = 50 * time.Millisecond
	maxBackoff = time.Second
)

// deleteBatch is how many keys one request may delete, says the protocol.
const deleteBatch = 1000

// Config is where the objects are and who asks for them.
type Config struct {
	// Region of the buckets; what the environment says when empty.
	Region string
	// Endpoint is the server's URL; AWS's own when empty.
	Endpoint string
	// PathStyle puts the bucket into the path instead of the host's name.
	PathStyle bool
	// AccessKeyID and SecretAccessKey are a static key; without one, credentials
	// come from where AWS's libraries look: environment, shared files, web
	// identity, container and instance roles.
	AccessKeyID, SecretAccessKey, SessionToken string
	// Patience is how long the server may be silent during a try;
	// objectstore.DefaultPatience when 0.
	Patience time.Duration
}

// Store is an objectstore.Store over every bucket that its credentials open.
type Store struct {
	client   *s3.Client
	straight *straight
	limit    int64
}

var _ objectstore.Store = (*Store)(nil)

// Open makes a store; it connects when first used.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	loaded, transport, err := load(ctx, cfg)
	if err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = cfg.PathStyle
		if cfg.Endpoint != "" {
			o.BaseEndpoint = aws.String(cfg.Endpoint)
		}
	})
	return &Store{client: client, straight: newStraight(client.Options(), transport), limit: objectstore.DefaultReadLimit}, nil
}

// TokenService is the way to the service that makes temporary keys, at endpoint
// or else AWS's own, for whoever cfg says.
func TokenService(ctx context.Context, cfg Config, endpoint string) (*sts.Client, error) {
	loaded, _, err := load(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return sts.NewFromConfig(loaded, func(o *sts.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
	}), nil
}

// Identity is who cfg says, and the region that it means: what signatures are made with.
func Identity(ctx context.Context, cfg Config) (region string, credentials aws.CredentialsProvider, err error) {
	loaded, _, err := load(ctx, cfg)
	return loaded.Region, loaded.Credentials, err
}

// load is the library's settings, and the transport below its client.
func load(ctx context.Context, cfg Config) (aws.Config, *objectstore.Transport, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(retryer),
		// Many servers of the protocol do not know the newer checksums.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
	}
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	}
	if cfg.AccessKeyID != "" {
		static := credentials.NewStaticCredentialsProvider(cfg.AccessKeyID, cfg.SecretAccessKey, cfg.SessionToken)
		options = append(options, config.WithCredentialsProvider(static))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, nil, fmt.Errorf("load S3 settings: %w", err)
	}
	transport := newTransport(loaded.HTTPClient, cfg.Patience)
	loaded.HTTPClient = &http.Client{Transport: transport, CheckRedirect: sameRequest}
	return loaded, transport, nil
}

// newTransport makes ours of the library's, which knows of its own settings for
// certificates.
func newTransport(loaded aws.HTTPClient, patience time.Duration) *objectstore.Transport {
	var base *http.Transport
	if own, ok := loaded.(*awshttp.BuildableClient); ok {
		base = own.GetTransport()
	}
	return objectstore.NewTransport(base, patience)
}

// sameRequest follows a redirection that leaves the request as it is. What the
// library makes of others is its own.
func sameRequest(request *http.Request, before []*http.Request) error {
	status := request.Response.StatusCode
	if len(before) < maxTries && (status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect) {
		return nil
	}
	return http.ErrUseLastResponse
}

// retryer tries again, with jitter, what may succeed then: lost connections,
// throttling, faults of the server, and two creates that met each other.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxTries
		o.Backoff = retry.BackoffDelayerFunc(func(try int, _ error) (time.Duration, error) {
			return rand.N(min(minBackoff<<try, maxBackoff)), nil //nolint:gosec // jitter is no secret
		})
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{"ConditionalRequestConflict": {}}})
	})
}

// Read implements objectstore.Store: by one straight request, and where that comes to
// nothing by the library.
func (s *Store) Read(ctx context.Context, location string) ([]byte, error) {
	bucket, key, err := split(location)
	if err != nil {
		return nil, err
	}
	if data, err := s.straight.get(ctx, bucket, key, s.limit); err == nil || fault.Is(err, fault.TooLarge) {
		return data, err
	}
	// The library tries again what fails before the first byte of an object.
	for try := 1; ; try++ {
		data, begun, err := s.read(ctx, bucket, key)
		switch {
		case err == nil || fault.Is(err, fault.TooLarge):
			return data, err
		case !begun || try == maxTries || ctx.Err() != nil:
			return nil, said("read object", location, err)
		}
	}
}

// read reads an object once; begun is set when its first byte could be had.
func (s *Store) read(ctx context.Context, bucket, key string) (data []byte, begun bool, err error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, false, err
	}
	defer out.Body.Close()
	data, err = objectstore.ReadAll(out.Body, aws.ToInt64(out.ContentLength), s.limit)
	return data, true, err
}

// Stat implements objectstore.Store.
func (s *Store) Stat(ctx context.Context, location string) (objectstore.Object, error) {
	bucket, key, err := split(location)
	if err != nil {
		return objectstore.Object{}, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return objectstore.Object{}, said("stat object", location, err)
	}
	return objectstore.Object{Location: location, Size: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified)}, nil
}

// Create implements objectstore.Store by a conditional put: by one straight request,
// and where that comes to nothing by the library, as often as it may try.
func (s *Store) Create(ctx context.Context, location string, data []byte) error {
	bucket, key, err := split(location)
	if err != nil {
		return err
	}
	tries := 0
	status, err := s.straight.put(ctx, bucket, key, data, &tries)
	switch {
	case err == nil && status == http.StatusOK:
		return nil
	case err == nil && status == http.StatusPreconditionFailed:
		return objectstore.Answered("create object", location, status, nil)
	}
	_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(data), IfNoneMatch: aws.String("*"),
	}, counted(&tries))
	return objectstore.Created(ctx, s, location, data, tries, said("create object", location, err))
}

// counted counts the tries of an operation.
func counted(tries *int) func(*s3.Options) {
	count := middleware.FinalizeMiddlewareFunc("CountTries", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		*tries++
		return next.HandleFinalize(ctx, in)
	})
	return s3.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(count, "Retry", middleware.After)
	})
}

// Delete implements objectstore.Store, a bucket's objects in batches.
func (s *Store) Delete(ctx context.Context, locations ...string) error {
	keys := map[string][]types.ObjectIdentifier{}
	for _, location := range locations {
		bucket, key, err := split(location)
		if err != nil {
			return err
		}
		keys[bucket] = append(keys[bucket], types.ObjectIdentifier{Key: &key})
	}
	var errs []error
	for bucket, all := range keys {
		for batch := range slices.Chunk(all, deleteBatch) {
			errs = append(errs, s.deleteBatch(ctx, bucket, batch))
		}
	}
	return errors.Join(errs...)
}

func (s *Store) deleteBatch(ctx context.Context, bucket string, keys []types.ObjectIdentifier) error {
	out, err := s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &bucket, Delete: &types.Delete{Objects: keys, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return said("delete objects", "s3://"+bucket, err)
	}
	var errs []error
	for _, failed := range out.Errors {
		if code := aws.ToString(failed.Code); code != "NoSuchKey" {
			errs = append(errs, undeleted(bucket, aws.ToString(failed.Key), code))
		}
	}
	return errors.Join(errs...)
}

// undeleted is why one key of a batch is still there.
func undeleted(bucket, key, code string) error {
	kind := fault.Unavailable
	if code == "AccessDenied" {
		kind = fault.Forbidden
	}
	return fault.New(kind, "delete object: storage answers %s for s3://%s/%s", code, bucket, key)
}

// List implements objectstore.Store, a page after the other.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		bucket, key, err := split(prefix)
		if err != nil {
			yield(objectstore.Object{}, err)
			return
		}
		root := prefix[:len(prefix)-len(key)]
		pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &key})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(objectstore.Object{}, said("list objects", prefix, err))
				return
			}
			for _, found := range page.Contents {
				object := objectstore.Object{
					Location: root + aws.ToString(found.Key), Size: aws.ToInt64(found.Size), Modified: aws.ToTime(found.LastModified),
				}
				if !yield(object, nil) {
					return
				}
			}
		}
	}
}
