package sign

import (
	"net/http"
	"slices"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// act is something that S3 does at a request.
type act struct {
	name   string
	method string
	// bucket says that the request is to the bucket, not to an object.
	bucket bool
	// needs are the parameters by which the act is told from others, allows those
	// that it may have beside; S3 picks an act by names that are in no other list.
	needs, allows []string
	writes        bool
	// removes says that all it does is to remove objects.
	removes bool
}

// acts are all that is signed: what reading and writing a table's files comes
// to. What changes who may do what, or how a bucket behaves, is not among them;
// nor is what a bucket holds in other versions.
func acts() []act {
	return []act{
		{name: "GetObject", method: http.MethodGet, allows: []string{"partNumber", "versionId"}},
		{name: "HeadObject", method: http.MethodHead, allows: []string{"partNumber", "versionId"}},
		{name: "PutObject", method: http.MethodPut, writes: true},
		{name: "UploadPart", method: http.MethodPut, needs: []string{"partNumber", "uploadId"}, writes: true},
		{name: "CreateMultipartUpload", method: http.MethodPost, needs: []string{"uploads"}, writes: true},
		{name: "CompleteMultipartUpload", method: http.MethodPost, needs: []string{"uploadId"}, writes: true},
		{name: "AbortMultipartUpload", method: http.MethodDelete, needs: []string{"uploadId"}, writes: true},
		{name: "ListParts", method: http.MethodGet, needs: []string{"uploadId"}, allows: []string{"max-parts", "part-number-marker"}, writes: true},
		{name: "DeleteObject", method: http.MethodDelete, writes: true, removes: true},
		{name: "DeleteObjects", method: http.MethodPost, bucket: true, needs: []string{"delete"}, writes: true, removes: true},
		{name: "ListObjectsV2", method: http.MethodGet, bucket: true, needs: []string{"list-type", "prefix"}, allows: []string{"continuation-token", "delimiter", "encoding-type", "fetch-owner", "max-keys", "start-after"}},
		{name: "ListObjects", method: http.MethodGet, bucket: true, needs: []string{"prefix"}, allows: []string{"delimiter", "encoding-type", "marker", "max-keys"}},
	}
}

// sdkParameter is how newer clients name the act; it does nothing.
const sdkParameter = "x-id"

// reading is a request that has been understood.
type reading struct {
	target

	own  reach
	act  act
	body string
	// payload is the hash of the body, or the word for a body that is not signed.
	payload string
	signed  http.Header
}

// actOf is what the store would do.
func (r *reading) actOf(method string) (act, error) {
	for _, a := range acts() {
		if a.method == method && a.bucket == (r.key == "") && a.fits(r.query) {
			return a, nil
		}
	}
	what := "object"
	if r.key == "" {
		what = "bucket"
	}
	return act{}, fault.New(fault.Forbidden, "%s of this %s with these parameters is not signed: allowed is to read, write, delete and list files of the table", clip(method), what)
}

func (a act) fits(query map[string]string) bool {
	for _, name := range a.needs {
		if _, given := query[name]; !given {
			return false
		}
	}
	for name := range query {
		if name != sdkParameter && !slices.Contains(a.needs, name) && !slices.Contains(a.allows, name) {
			return false
		}
	}
	return true
}

// check refuses what is not about files of the grant.
func (r *reading) check() error {
	switch r.act.name {
	case "ListObjectsV2", "ListObjects":
		if version, given := r.query["list-type"]; given && version != "2" {
			return fault.Field("uri", "list-type is %q, allowed is 2", clip(version))
		}
		return r.own.lists(r.bucket, r.query["prefix"])
	case "DeleteObjects":
		keys, err := deleted(r.body)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if err := r.own.holds(r.bucket, key); err != nil {
				return err
			}
		}
		return nil
	default:
		return r.own.holds(r.bucket, r.key)
	}
}
