package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/auth"
	"github.com/aws/smithy-go/encoding/httpbinding"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// maxAnswer is how much of an answer is read that came past a proxy, for its connection
// to be of further use.
const maxAnswer = 64 << 10

// usualSignature is what the library calls the way in which most requests are signed.
const usualSignature = "sigv4"

// straight sends a conditional put, and a get, by itself. The library's layers around a
// request, and net/http's below them, cost several times what the request does, and
// small files are most of what is written and read. Where the request goes and how it is
// signed is the library's all the same, and so is whatever does not succeed at once.
type straight struct {
	options   s3.Options
	transport *objectstore.Transport
	signer    *v4.Signer

	mu    sync.RWMutex
	known map[string]destination // by bucket
}

// newStraight makes one that reaches what a client with these options does.
func newStraight(options s3.Options, transport *objectstore.Transport) *straight {
	return &straight{
		options: options, transport: transport, known: map[string]destination{},
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
	request := to.request(http.MethodPut, key)
	request.ContentLength = int64(len(data))
	request.Header.Set("Content-Type", "application/octet-stream")
	request.Header.Set("If-None-Match", "*")
	if err := s.sign(ctx, request, to, sha256.Sum256(data)); err != nil {
		return 0, err
	}
	*tries++
	status, size, err := s.send(ctx, to, request, data)
	if err == nil && size > 0 && status == http.StatusOK { // S3 may tell of a failure within a success
		err = fmt.Errorf("%d bytes came where none were expected", size)
	}
	return status, err
}

// nothing is what a request without a body is signed for.
var nothing = sha256.Sum256(nil)

// errNotStraight is what the library is to be asked for.
var errNotStraight = errors.New("it is not had by a straight request")

// get tries once to read an object as a whole: fault.TooLarge where it is over the limit,
// and errNotStraight, or what went wrong, where nothing is known of it.
func (s *straight) get(ctx context.Context, bucket, key string, limit int64) ([]byte, error) {
	to, err := s.destination(ctx, bucket)
	if err != nil || to.direct == nil {
		return nil, cmp.Or(err, errNotStraight)
	}
	request := to.request(http.MethodGet, key)
	request.Header.Set("Accept-Encoding", "identity")
	if err := s.sign(ctx, request, to, nothing); err != nil {
		return nil, err
	}
	status, data, err := to.direct.Get(ctx, head(request), limit)
	if err == nil && status != http.StatusOK {
		err = errNotStraight
	}
	return data, err
}

// send returns the status of the answer and how much came with it.
func (s *straight) send(ctx context.Context, to destination, request *http.Request, data []byte) (int, int64, error) {
	if to.direct == nil {
		return s.pastProxy(ctx, request, data)
	}
	return to.direct.Put(ctx, head(request), data)
}

// pastProxy sends a request with net/http, which knows how to talk to proxies.
func (s *straight) pastProxy(ctx context.Context, signed *http.Request, data []byte) (int, int64, error) {
	at := signed.URL.Scheme + "://" + signed.URL.Host + signed.URL.Opaque
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, at, bytes.NewReader(data)) //nolint:gosec // where the library sends it
	if err != nil {
		return 0, 0, fmt.Errorf("make request: %w", err)
	}
	request.Header, request.Host = signed.Header, signed.Host
	answer, err := s.options.HTTPClient.Do(request)
	if err != nil {
		return 0, 0, err
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	return answer.StatusCode, n, err
}

// request is one about an object, without what signs it.
func (to destination) request(method, key string) *http.Request {
	at := *to.url
	at.Opaque = to.path + httpbinding.EscapePath(key, false)
	return &http.Request{Method: method, URL: &at, Host: at.Host, Header: http.Header{"User-Agent": {"igloo"}}}
}

// head is a request as it is sent, up to its body, which only a put has.
func head(request *http.Request) []byte {
	b := bytes.NewBuffer(make([]byte, 0, 1<<10))
	b.WriteString(request.Method + " " + request.URL.Opaque + " HTTP/1.1\r\nHost: " + request.Host + "\r\n")
	if request.Method == http.MethodPut {
		b.WriteString("Content-Length: " + strconv.FormatInt(request.ContentLength, 10) + "\r\n")
	}
	_ = request.Header.Write(b)
	b.WriteString("\r\n")
	return b.Bytes()
}

// destination is where a bucket's objects are, and what signatures for it say.
type destination struct {
	url             *url.URL
	path            string              // before keys; ends in a slash
	direct          *objectstore.Direct // nil where a proxy stands between
	service, region string
}

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
	to := destination{url: &endpoint.URI, path: strings.TrimSuffix(endpoint.URI.EscapedPath(), "/") + "/"}
	to.direct, _ = s.transport.Direct(to.url)
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
