package s3

import (
	"context"
	"net/http"
	"net/url"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// MaxKnown is how many destinations are remembered.
const MaxKnown = maxKnown

// Known is how many destinations are remembered now.
func (s *Store) Known() int { return len(s.straight.known) }

// Find looks for where straight puts for a bucket go.
func (s *Store) Find(ctx context.Context, bucket string) error {
	_, err := s.straight.destination(ctx, bucket)
	return err
}

// Destination is where a straight put for a bucket goes, and for what it is signed.
func (s *Store) Destination(ctx context.Context, bucket string) (url, service, region string, err error) {
	to, err := s.straight.destination(ctx, bucket)
	if err != nil {
		return "", "", "", err
	}
	return to.url.Scheme + "://" + to.url.Host + to.path, to.service, to.region, err
}

// PastProxy has straight puts go past a proxy.
func (s *Store) PastProxy(proxy *url.URL) {
	s.straight.transport = objectstore.NewTransport(&http.Transport{Proxy: http.ProxyURL(proxy)}, 0)
	s.straight.options.HTTPClient = &http.Client{Transport: s.straight.transport, CheckRedirect: sameRequest}
}
