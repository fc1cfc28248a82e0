package catalog

import "context"

// Signers are how each warehouse signs requests to its files.
type Signers interface {
	// SignerOf is the warehouse's; nil when requests to its files are not signed.
	SignerOf(ctx context.Context, warehouse string) (Signer, error)
}

// Signer signs requests to storage for clients that have no key to it, each
// after a look at what the request would do.
type Signer interface {
	// Offers reports whether a client that names these ways may have requests
	// signed where it is given no key. Without ways it said nothing.
	Offers(ways []Way) bool
	// Access is what a client is told who is to send requests to the files of a
	// grant signed here; the zero Access when those are in a store that requests
	// are not signed for.
	Access(grant Grant) Access
	// Sign signs a request that touches nothing but files of the grant, in a way
	// that the grant allows: fault.Forbidden when it does not, fault.Invalid when
	// what it would do cannot be told for certain.
	Sign(ctx context.Context, grant Grant, request StorageRequest) (SignedRequest, error)
}

// StorageRequest is a request to storage as a client means to send it.
type StorageRequest struct {
	// Provider is the protocol of the store: "s3".
	Provider string
	Region   string
	Method   string
	// URI is all of it, with the host and the query.
	URI     string
	Headers map[string][]string
	// Body is for those requests whose body says what they touch.
	Body string
}

// SignedRequest is a request as it has to be sent.
type SignedRequest struct {
	URI string
	// Headers are the client's and those of the signature.
	Headers map[string][]string
}
