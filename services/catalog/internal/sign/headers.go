package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Headers that decide about the signature.
const (
	amazon        = "x-amz-"
	contentHash   = "x-amz-content-sha256"
	copySource    = "x-amz-copy-source"
	trailerHeader = "x-amz-trailer"
)

// The words for bodies that a signature does not cover.
const (
	unsignedPayload  = "UNSIGNED-PAYLOAD"
	unsignedTrailing = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// signedHeaders are those besides Amazon's that a signature covers. The others
// change nothing that matters here, or change on the way; and Java sends a signed
// read again with another range.
func signedHeaders() []string {
	return []string{"content-type", "content-md5", "content-encoding"}
}

// harmless are Amazon's headers with which a request still does what its URI
// says. What grants rights, locks, tags, redirects or lets others pay is not here.
func harmless() []string {
	return []string{
		contentHash, trailerHeader, "x-amz-decoded-content-length", "x-amz-sdk-checksum-algorithm",
		"x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode", "x-amz-checksum-crc32", "x-amz-checksum-crc32c",
		"x-amz-checksum-crc64nvme", "x-amz-checksum-sha1", "x-amz-checksum-sha256", "x-amz-mp-object-size",
		"x-amz-storage-class", "x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner",
		"x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-context",
		"x-amz-server-side-encryption-bucket-key-enabled", "x-amz-server-side-encryption-customer-algorithm",
		"x-amz-server-side-encryption-customer-key", "x-amz-server-side-encryption-customer-key-md5",
		"x-amz-te", "x-amz-user-agent",
	}
}

// copying are those of a copy, whose source is looked at.
func copying() []string {
	return []string{
		copySource, "x-amz-copy-source-range", "x-amz-copy-source-if-match", "x-amz-copy-source-if-none-match",
		"x-amz-copy-source-if-modified-since", "x-amz-copy-source-if-unmodified-since", "x-amz-metadata-directive",
	}
}

// dropped are headers that the signature brings itself, or the client's
// connection does.
func dropped(name string) bool {
	switch strings.ToLower(name) {
	case "host", "x-amz-date":
		return true
	default:
		return false
	}
}

// takeHeaders keeps the headers that are to be signed.
func (r *reading) takeHeaders(sent map[string][]string) error {
	r.signed = http.Header{}
	seen := map[string]bool{}
	for name, values := range sent {
		lower := strings.ToLower(name)
		if seen[lower] || !plainHeader(name, values) {
			return fault.Field("headers", "%q is there twice, or not what a header can be", clip(name))
		}
		seen[lower] = true
		if err := r.takeHeader(lower, values); err != nil {
			return err
		}
	}
	return r.takePayload()
}

func (r *reading) takeHeader(name string, values []string) error {
	switch {
	case name == "authorization", name == "x-amz-security-token":
		return fault.Field("headers", "%q: the request is signed already", name)
	case dropped(name):
		return nil
	case slices.Contains(signedHeaders(), name):
	case !strings.HasPrefix(name, amazon):
		return nil
	case strings.HasPrefix(name, amazon+"meta-"), slices.Contains(harmless(), name):
	case slices.Contains(copying(), name) && r.copies():
	default:
		return fault.New(fault.Forbidden, "header %q changes what a request does: it is not signed", clip(name))
	}
	if len(values) != 1 {
		return fault.Field("headers", "%q is given %d times", name, len(values))
	}
	r.signed.Set(name, values[0])
	if name == copySource {
		return r.checkSource(values[0])
	}
	return nil
}

// copies reports whether the act can be one that copies an object.
func (r *reading) copies() bool { return r.act.name == "PutObject" || r.act.name == "UploadPart" }

// checkSource refuses to copy what is not the grant's. There is one spelling, so
// that it does not matter who unescapes it, and how often.
func (r *reading) checkSource(source string) error {
	path := strings.TrimPrefix(source, "/")
	plain, err := url.PathUnescape(path)
	if err != nil || escaped(plain) != path {
		return fault.Field("headers", "%s is not spelled as bucket/key, escaped", copySource)
	}
	bucket, key, _ := strings.Cut(plain, "/")
	return r.own.holds(bucket, key)
}

// headerName is what a header can be called. Source: RFC 9110, section 5.1.
var headerName = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

// plainHeader keeps lines from being smuggled into what is signed.
func plainHeader(name string, values []string) bool {
	for _, value := range values {
		if strings.ContainsFunc(value, unicode.IsControl) {
			return false
		}
	}
	return headerName.MatchString(name)
}

var sha256Text = regexp.MustCompile(`^[0-9a-f]{64}$`)

// takePayload decides what the signature says of the body. A body that says what
// is deleted is signed; others are the contents of files, and are as clients
// send them.
func (r *reading) takePayload() error {
	sent := r.signed.Get(contentHash)
	if r.act.name == "DeleteObjects" {
		sum := sha256.Sum256([]byte(r.body))
		r.payload = hex.EncodeToString(sum[:])
		if sent != "" && sent != r.payload {
			return fault.Field("headers", "%s is not the hash of the body", contentHash)
		}
	} else if r.payload = sent; sent == "" {
		r.payload = unsignedPayload
		if r.signed.Get(trailerHeader) != "" {
			r.payload = unsignedTrailing
		}
	}
	if r.payload != unsignedPayload && r.payload != unsignedTrailing && !sha256Text.MatchString(r.payload) {
		return fault.Field("headers", "%s is %q, allowed are a hash, %s and %s", contentHash, clip(r.payload), unsignedPayload, unsignedTrailing)
	}
	r.signed.Set(contentHash, r.payload)
	return nil
}
