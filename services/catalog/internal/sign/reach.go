package sign

import (
	"encoding/hex"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// folder is where files of a grant lie: below key in a bucket. The key ends
// with a slash, so that what begins with it is below.
type folder struct{ bucket, key string }

// reach is all that a grant opens.
type reach []folder

func reachOf(locations []string) (reach, error) {
	var all reach
	for _, location := range locations {
		_, rest, found := strings.Cut(location, "://")
		bucket, key, _ := strings.Cut(strings.TrimRight(rest, "/"), "/")
		if objectstore.StoreOf(location) != "s3" || !found || bucket == "" {
			return nil, fault.New(fault.Unsupported, "the table lies at %s: requests to S3 are all that is signed here", location)
		}
		if key == "" || checkKey(key) != nil {
			return nil, fault.New(fault.Unsupported, "the table lies at %s: requests are signed for files in a folder with a plain name", location)
		}
		all = append(all, folder{bucket: bucket, key: key + "/"})
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Unsupported, "the table lies nowhere")
	}
	return all, nil
}

// bucket reports whether files lie in the bucket.
func (r reach) bucket(name string) bool {
	for _, f := range r {
		if f.bucket == name {
			return true
		}
	}
	return false
}

// holds refuses an object that is not one of the grant's.
func (r reach) holds(bucket, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return r.covers(bucket, key, "object")
}

// lists refuses a listing of more than the grant's objects.
func (r reach) lists(bucket, prefix string) error {
	if err := checkKey(strings.TrimSuffix(prefix, "/")); err != nil && prefix != "" {
		return err
	}
	return r.covers(bucket, prefix, "prefix")
}

func (r reach) covers(bucket, key, noun string) error {
	for _, f := range r {
		if f.bucket == bucket && strings.HasPrefix(key, f.key) {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "%s %q in bucket %q is not below the table's location", noun, clip(key), clip(bucket))
}

// maxKey is the longest key there is, in bytes.
const maxKey = 1024

// checkKey refuses keys that somebody on the way to the object could take for
// another one's: proxies and stores on file systems resolve dots and collapse
// slashes, and some unescape once too often.
func checkKey(key string) error {
	switch {
	case len(key) > maxKey:
		return fault.New(fault.Invalid, "key %q is longer than %d bytes", clip(key), maxKey)
	case !utf8.ValidString(key) || strings.Contains(key, `\`) || strings.ContainsFunc(key, unicode.IsControl):
		return fault.New(fault.Invalid, "key %q has characters that no file of a table has", clip(key))
	case strings.HasPrefix(key, "/") || strings.Contains(key, "//"):
		return fault.New(fault.Invalid, "key %q has an empty segment", clip(key))
	}
	return checkDots(key)
}

// maxEscapes is how often something may be escaped.
const maxEscapes = 4

// checkDots refuses segments of dots, however often they are escaped. Names of
// partitions are escaped once by Iceberg itself.
func checkDots(key string) error {
	plain := key
	for range maxEscapes {
		for segment := range strings.SplitSeq(plain, "/") {
			segment, _, _ = strings.Cut(segment, ";") // parameters of it, to some
			if segment == "." || segment == ".." {
				return fault.New(fault.Invalid, "key %q has a segment %q", clip(key), segment)
			}
		}
		once := lenient(plain)
		if once == plain {
			return nil
		}
		plain = once
	}
	return fault.New(fault.Invalid, "key %q is escaped more than %d times", clip(key), maxEscapes)
}

var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// lenient unescapes what it can, as careless readers do.
func lenient(escaped string) string {
	return escape.ReplaceAllStringFunc(escaped, func(e string) string {
		plain, err := hex.DecodeString(e[1:])
		if err != nil {
			return e
		}
		return string(plain)
	})
}
