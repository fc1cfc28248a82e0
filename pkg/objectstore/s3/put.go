package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/auth"
	"github.com/aws/smithy-go/encoding/httpbinding"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAnswer is how much of an answer is read, for its connection to be of further use.
const maxAnswer = 64 << 10

// usualSignature is what the library calls the way in which most requests are signed.
const usualSignature = "sigv4"

// straight sends a conditional put by itself. The library's layers around a
// request cost several times what the request does, and small files are most of
// what is written. Where the request goes and how it is signed is the library's
// all the same, and so is whatever does not succeed at once.
type straight struct {
	options s3.Options
	signer  *v4.Signer

	mu    sync.RWMutex
	known map[string]destination // by bucket
}

// newStraight makes one that reaches what a client with these options does.
func newStraight(options s3.Options) *straight {
	return &straight{
		options: options, known: map[string]destination{},
		signer: v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }),
	}
}

// put tries once, which it counts when it comes to that, and returns the status of
// the answer.
func (s *straight) put(ctx context.Context, bucket, key string, data []byte, tries *int) (int, error) {
	to, err := s.destination(ctx, bucket)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, to.url+httpbinding.EscapePath(key, false), bytes.NewReader(data))
	if err != nil {
		return 0, fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	request.Header.Set("If-None-Match", "*")
	request.Header.Set("User-Agent", "igloo")
	if err := s.sign(ctx, request, to, sha256.Sum256(data)); err != nil {
		return 0, err
	}
	*tries++
	return s.send(request)
}

// destination is a bucket's URL, ending in a slash, and what signatures for it say.
type destination struct{ url, service, region string }

// maxKnown is how many buckets' destinations are remembered at a time.
const maxKnown = 1024

// destination is where the library sends requests for a bucket. It is the same each
// time, and to find it costs half of what the signature does.
func (s *straight) destination(ctx context.Context, bucket string) (destination, error) {
	s.mu.RLock()
	to, known := s.known[bucket]
	s.mu.RUnlock()
	if known {
		return to, nil
	}
	to, err := s.resolve(ctx, bucket)
	if err != nil {
		return to, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxKnown {
		clear(s.known)
	}
	s.known[bucket] = to
	return to, nil
}

// resolve asks the library for a destination; an error where requests are signed in
// another way than most.
func (s *straight) resolve(ctx context.Context, bucket string) (destination, error) {
	o := &s.options
	endpoint, err := o.EndpointResolverV2.ResolveEndpoint(ctx, s3.EndpointParameters{
		Bucket: &bucket, Region: &o.Region, Endpoint: o.BaseEndpoint, ForcePathStyle: &o.UsePathStyle,
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		Accelerate:   &o.UseAccelerate, UseArnRegion: &o.UseARNRegion,
		DisableMultiRegionAccessPoints: &o.DisableMultiRegionAccessPoints, DisableS3ExpressSessionAuth: o.DisableS3ExpressSessionAuth,
	})
	if err != nil {
		return destination{}, fmt.Errorf("find the bucket's endpoint: %w", err)
	}
	ways, _ := auth.GetAuthOptions(&endpoint.Properties)
	if len(ways) == 0 || ways[0].SchemeID != usualSignature || o.Credentials == nil {
		return destination{}, fmt.Errorf("bucket %q wants requests of another kind", bucket)
	}
	to := destination{url: strings.TrimSuffix(endpoint.URI.String(), "/") + "/"}
	to.service, _ = smithyhttp.GetSigV4SigningName(&ways[0].SignerProperties)
	to.region, _ = smithyhttp.GetSigV4SigningRegion(&ways[0].SignerProperties)
	return to, nil
}

func (s *straight) sign(ctx context.Context, request *http.Request, to destination, sum [sha256.Size]byte) error {
	who, err := s.options.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("find credentials: %w", err)
	}
	hash := hex.EncodeToString(sum[:])
	request.Header.Set("X-Amz-Content-Sha256", hash)
	return s.signer.SignHTTP(ctx, who, request, hash, to.service, to.region, time.Now())
}

// send returns the status of the answer, which to a success has no body: S3 may
// tell of a failure within one.
func (s *straight) send(request *http.Request) (int, error) {
	answer, err := s.options.HTTPClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	if err == nil && n > 0 && answer.StatusCode == http.StatusOK {
		err = fmt.Errorf("%d bytes came where none were expected", n)
	}
	return answer.StatusCode, err
}
