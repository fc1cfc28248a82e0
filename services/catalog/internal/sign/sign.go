// Package sign owns signatures on requests to S3 that clients get one by one, so
// that they reach the files of a table without ever holding a key.
//
// It promises that what it signs touches nothing but files below the grant's
// locations, only reads them unless the grant is for more, and goes to the
// store that the locations are in: a request is read into what it does, anything
// in it that is not known to be harmless is refused, and what is signed is
// written anew from what was read. A body that names objects is part of what is
// signed. No signature is logged or kept.
//
// S3 refuses a request with x-amz headers that its signature does not cover, and
// a body that is not the signed one. Stores that do neither are not for this.
package sign

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// provider is what clients call S3.
const provider = "s3"

// credentialsTimeout bounds the wait for the key that is signed with.
const credentialsTimeout = 10 * time.Second

// Config is the store that requests are signed for, and with which key.
type Config struct {
	Policy catalog.DelegationPolicy
	// Region, Endpoint and PathStyle are as for objectstore/s3.
	Region, Endpoint string
	PathStyle        bool
	Credentials      aws.CredentialsProvider
}

// S3 is a catalog.Signer of requests to S3.
type S3 struct {
	cfg   Config
	hosts hosts
	v4    *v4.Signer
}

var _ catalog.Signer = (*S3)(nil)

// NewS3 makes a signer for one store.
func NewS3(cfg Config) (*S3, error) {
	if cfg.Region == "" {
		return nil, errors.New("requests are signed for a region: s3-region is needed")
	}
	found, err := hostsOf(cfg)
	if err != nil {
		return nil, fmt.Errorf("s3-endpoint: %w", err)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	return &S3{cfg: cfg, hosts: found, v4: signer}, nil
}

// Offers implements catalog.Signer.
func (s *S3) Offers(ways []catalog.Way) bool {
	return s.cfg.Policy.Offers(catalog.RemoteSigning, ways)
}

// Access implements catalog.Signer. PyIceberg has requests signed in one of its
// ways to files alone, which it takes when told.
func (s *S3) Access(g catalog.Grant) catalog.Access {
	if slices.ContainsFunc(g.Locations, func(l string) bool { return objectstore.StoreOf(l) != "s3" }) {
		return catalog.Access{}
	}
	config := map[string]string{
		"s3.remote-signing-enabled": "true",
		"s3.signer":                 "S3V4RestSigner",
		"py-io-impl":                "pyiceberg.io.fsspec.FsspecFileIO",
		"client.region":             s.cfg.Region,
		"s3.region":                 s.cfg.Region,
	}
	if s.cfg.Endpoint != "" {
		config["s3.endpoint"] = s.cfg.Endpoint
	}
	if s.cfg.PathStyle {
		config["s3.path-style-access"] = "true"
	}
	return catalog.Access{Config: config, SignerKeys: []string{"s3.signer.endpoint", "signer.endpoint"}}
}

// Sign implements catalog.Signer.
func (s *S3) Sign(ctx context.Context, g catalog.Grant, r catalog.StorageRequest) (catalog.SignedRequest, error) {
	read, err := s.read(g, r)
	if err != nil {
		return catalog.SignedRequest{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	key, err := s.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return catalog.SignedRequest{}, fault.Wrap(fault.Unavailable, err, "no signature: the key to the store cannot be had")
	}
	to := read.url()
	plain := &http.Request{Method: r.Method, URL: to, Host: to.Host, Header: read.signed}
	if err := s.v4.SignHTTP(ctx, key, plain, read.payload, provider, s.cfg.Region, time.Now()); err != nil {
		return catalog.SignedRequest{}, fmt.Errorf("sign request: %w", err)
	}
	return catalog.SignedRequest{URI: to.String(), Headers: merged(r.Headers, plain.Header)}, nil
}

// read is what a request does, if it may.
func (s *S3) read(g catalog.Grant, r catalog.StorageRequest) (*reading, error) {
	if r.Provider != "" && r.Provider != provider {
		return nil, fault.Field("provider", "found %q, allowed is %q", clip(r.Provider), provider)
	}
	if r.Region != s.cfg.Region {
		return nil, fault.Field("region", "found %q, the table's files are in %q", clip(r.Region), s.cfg.Region)
	}
	own, err := reachOf(g.Locations)
	if err != nil {
		return nil, err
	}
	to, err := s.hosts.target(r.URI, own)
	if err != nil {
		return nil, err
	}
	p := &reading{target: to, own: own, body: r.Body}
	if p.act, err = p.actOf(r.Method); err != nil {
		return nil, err
	}
	if p.act.writes && !g.Write && (!p.act.removes || !g.Remove) {
		return nil, fault.New(fault.Forbidden, "%s changes files of the table, which is not allowed here", r.Method)
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, p.takeHeaders(r.Headers)
}

// merged are the client's headers with those of the signature in their place.
func merged(sent map[string][]string, signed http.Header) map[string][]string {
	all := make(map[string][]string, len(sent)+len(signed))
	for name, values := range sent {
		if _, ours := signed[http.CanonicalHeaderKey(name)]; !ours && !dropped(name) {
			all[name] = values
		}
	}
	maps.Copy(all, signed)
	return all
}

// clip keeps what a client sent from filling answers and logs.
func clip(s string) string {
	const enough = 200
	if len(s) > enough {
		return s[:enough] + "…"
	}
	return s
}
