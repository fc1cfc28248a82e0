package sign_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/sign"
)

// What others have in the bucket: no answer to table a may have it in it.
const (
	secret  = "SECRET-OF-OTHERS"
	outside = "name-of-others"
)

// lake is a store with a table at warehouse/a, and others around it.
type lake struct {
	endpoint string
	signer   *sign.S3
	root     *s3.Client
}

func newLake(t testing.TB) *lake {
	t.Helper()
	server := s3test.New(t)
	key := credentials.NewStaticCredentialsProvider(s3test.AccessKeyID, s3test.SecretAccessKey, "")
	l := &lake{endpoint: server.Endpoint(), signer: newSigner(t, sign.Config{
		Policy: catalog.DelegateOnRequest, Region: s3test.Region, Endpoint: server.Endpoint(), PathStyle: true, Credentials: key,
	})}
	l.root = s3.New(s3.Options{Region: s3test.Region, BaseEndpoint: aws.String(server.Endpoint()), UsePathStyle: true, Credentials: key})
	if _, err := l.root.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("warehouse")}); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{
		"lake:warehouse/a-" + outside, "lake:warehouse/b/" + outside, "lake:warehouse/ab/" + outside, "lake:" + outside, "lake:warehouse/" + outside,
		"lake:a/" + outside, "lake:warehouse/A/" + outside, "warehouse:a/" + outside, "warehouse:warehouse/a/" + outside,
	} {
		bucket, key, _ := strings.Cut(place, ":")
		l.put(t, bucket, key, secret)
	}
	for _, key := range []string{"warehouse/a/1", "warehouse/a/data/p=x%2Fy/2", "warehouse/a/data/a b+c/3"} {
		l.put(t, s3test.Bucket, key, "mine")
	}
	return l
}

func newSigner(t testing.TB, cfg sign.Config) *sign.S3 {
	t.Helper()
	if cfg.Credentials == nil {
		cfg.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
	}
	signer, err := sign.NewS3(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func (l *lake) put(t testing.TB, bucket, key, content string) {
	t.Helper()
	if _, err := l.root.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)}); err != nil {
		t.Fatal(err)
	}
}

// state is every object that is not table a's, with its tag.
func (l *lake) state(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	buckets, err := l.root.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, bucket := range buckets.Buckets {
		found, err := l.root.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket.Name})
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range found.Contents {
			if place := *bucket.Name + ":" + *object.Key; !strings.HasPrefix(place, "lake:warehouse/a/") {
				all[place] = *object.ETag
			}
		}
	}
	return all
}

// tableA is the grant that most tests are about.
func tableA(write bool) catalog.Grant {
	return catalog.Grant{Warehouse: "w", Locations: []string{"s3://lake/warehouse/a"}, Write: write}
}

// leftOfA is the grant when table a is gone.
func leftOfA() catalog.Grant {
	return catalog.Grant{Warehouse: "w", Locations: []string{"s3://lake/warehouse/a"}, Remove: true}
}

// wish is a request to table a, as somebody may want it signed.
type wish struct {
	method string
	// path is what comes after the endpoint.
	path    string
	headers map[string]string
	body    string
	reads   bool // the grant is for reading alone
}

func (w wish) request(endpoint string) catalog.StorageRequest {
	headers := map[string][]string{}
	for name, value := range w.headers {
		headers[name] = []string{value}
	}
	uri := w.path
	if !strings.Contains(uri, "://") {
		uri = endpoint + uri
	}
	return catalog.StorageRequest{Provider: "s3", Region: s3test.Region, Method: w.method, URI: uri, Headers: headers, Body: w.body}
}

func (l *lake) sign(t testing.TB, w wish) (catalog.SignedRequest, error) {
	t.Helper()
	return l.signer.Sign(t.Context(), tableA(!w.reads), w.request(l.endpoint))
}

// send replays what was signed.
func send(t testing.TB, method string, signed catalog.SignedRequest, body string, extra map[string]string) (int, string) {
	t.Helper()
	to, err := url.Parse(signed.URI)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, to.String(), bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(request.Header, signed.Headers)
	for name, value := range extra {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
