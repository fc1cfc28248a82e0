package s3

import (
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// split is the bucket and the key that a location names. Nothing in it is
// unescaped: engines take the characters as they are.
func split(location string) (bucket, key string, err error) {
	switch objectstore.Scheme(location) {
	case "s3", "s3a", "s3n":
	default:
		return "", "", fault.New(fault.Invalid, "location %q is not of S3: allowed are s3://, s3a:// and s3n://", location)
	}
	_, rest, found := strings.Cut(location, "://")
	bucket, key, _ = strings.Cut(rest, "/")
	if !found || bucket == "" {
		return "", "", fault.New(fault.Invalid, "location %q names no bucket, like s3://bucket/key", location)
	}
	return bucket, key, objectstore.CheckKey(location, key)
}
