package sign_test

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/s3test"
)

// deletes is the body of a request that deletes keys, and its headers.
func deletes(keys ...string) wish {
	var body strings.Builder
	body.WriteString(`<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
	for _, key := range keys {
		fmt.Fprintf(&body, "<Object><Key>%s</Key></Object>", key)
	}
	body.WriteString("<Quiet>true</Quiet></Delete>")
	return deleting(body.String())
}

func deleting(body string) wish {
	sum := md5.Sum([]byte(body))
	return wish{
		method: "POST", path: "/lake?delete", body: body,
		headers: map[string]string{"Content-MD5": base64.StdEncoding.EncodeToString(sum[:]), "Content-Type": "application/xml"},
	}
}

// allowed are requests as clients send them; the store has to answer them well.
func allowed() map[string]wish {
	return map[string]wish{
		"get":                        {method: "GET", path: "/lake/warehouse/a/1", reads: true},
		"get with a range":           {method: "GET", path: "/lake/warehouse/a/1", reads: true, headers: map[string]string{"Range": "bytes=0-1", "x-amz-checksum-mode": "ENABLED", "If-None-Match": `"x"`}},
		"get an escaped partition":   {method: "GET", path: "/lake/warehouse/a/data/p%3Dx%252Fy/2", reads: true},
		"get, escaped otherwise":     {method: "GET", path: "/lake/warehouse/a/data/%70=x%252Fy/2", reads: true},
		"get a space and a plus":     {method: "GET", path: "/lake/warehouse/a/data/a%20b%2Bc/3", reads: true},
		"head":                       {method: "HEAD", path: "/lake/warehouse/a/1", reads: true},
		"list":                       {method: "GET", path: "/lake?list-type=2&prefix=warehouse%2Fa%2F&delimiter=%2F&max-keys=10&encoding-type=url", reads: true},
		"list with a slash":          {method: "GET", path: "/lake/?list-type=2&prefix=warehouse/a/da", reads: true},
		"list as of old":             {method: "GET", path: "/lake?prefix=warehouse%2Fa%2F&marker=warehouse%2Fa%2F1", reads: true},
		"put":                        {method: "PUT", path: "/lake/warehouse/a/new", body: "x", headers: map[string]string{"Content-Type": "application/octet-stream", "x-amz-meta-k": "v"}},
		"put once":                   {method: "PUT", path: "/lake/warehouse/a/once", body: "x", headers: map[string]string{"If-None-Match": "*"}},
		"put with a hash":            {method: "PUT", path: "/lake/warehouse/a/hashed", headers: map[string]string{"x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}},
		"put in chunks":              {method: "PUT", path: "/lake/warehouse/a/chunks", body: "4\r\nmine\r\n0\r\nx-amz-checksum-crc32:aajTkw==\r\n\r\n", headers: map[string]string{"Content-Encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32", "x-amz-decoded-content-length": "4", "x-amz-sdk-checksum-algorithm": "CRC32"}},
		"copy within the table":      {method: "PUT", path: "/lake/warehouse/a/copy", headers: map[string]string{"x-amz-copy-source": "/lake/warehouse/a/1"}},
		"begin a multipart upload":   {method: "POST", path: "/lake/warehouse/a/big?uploads"},
		"delete":                     {method: "DELETE", path: "/lake/warehouse/a/gone"},
		"delete several":             deletes("warehouse/a/x1", "warehouse/a/data/a b+c/x&amp;2"),
		"the act that an SDK names":  {method: "GET", path: "/lake/warehouse/a/1?x-id=GetObject", reads: true},
		"a header that changes none": {method: "GET", path: "/lake/warehouse/a/1", headers: map[string]string{"amz-sdk-invocation-id": "i", "User-Agent": "x", "x-amz-te": "append-md5", "x-amz-expected-bucket-owner": "test-root"}},
	}
}

// SG1: what engines do with the files of a table is signed, and the store takes it.
func TestTheStoreTakesWhatIsSigned(t *testing.T) {
	l := newLake(t)
	before := l.state(t)
	for name, w := range allowed() {
		t.Run(name, func(t *testing.T) {
			signed, err := l.sign(t, w)
			if err != nil {
				t.Fatal(err)
			}
			if status, text := send(t, w.method, signed, w.body, nil); status >= 300 {
				t.Errorf("%s: %d %s", signed.URI, status, text)
			}
		})
	}
	l.unharmed(t, before)
}

// A signature is for one request: with anything added or another body, the store
// refuses it.
func TestASignatureIsForOneRequest(t *testing.T) {
	l := newLake(t)
	before := l.state(t)
	for name, c := range map[string]struct {
		wish
		extra map[string]string
		body  string
	}{
		"a source to copy":     {wish: wish{method: "PUT", path: "/lake/warehouse/a/n"}, extra: map[string]string{"x-amz-copy-source": "/lake/warehouse/b/" + outside}},
		"rights":               {wish: wish{method: "PUT", path: "/lake/warehouse/a/n"}, extra: map[string]string{"x-amz-acl": "public-read"}},
		"other keys to delete": {wish: deletes("warehouse/a/1"), body: deletes("warehouse/b/" + outside).body},
	} {
		t.Run(name, func(t *testing.T) {
			signed, err := l.sign(t, c.wish)
			if err != nil {
				t.Fatal(err)
			}
			if status, text := send(t, c.method, signed, c.body, c.extra); status < 400 {
				t.Errorf("%d %s", status, text)
			}
		})
	}
	signed, err := l.sign(t, wish{method: "GET", path: "/lake/warehouse/a/1"})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := signed
	elsewhere.URI = strings.Replace(signed.URI, "/a/1", "/b/"+outside, 1)
	if status, text := send(t, "GET", elsewhere, "", nil); status != http.StatusForbidden {
		t.Errorf("another object: %d %s", status, text)
	}
	if status, text := send(t, "DELETE", signed, "", nil); status != http.StatusForbidden {
		t.Errorf("another method: %d %s", status, text)
	}
	l.unharmed(t, before)
}

func (l *lake) unharmed(t *testing.T, before map[string]string) {
	t.Helper()
	if after := l.state(t); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("objects of others were %v, are %v", before, after)
	}
}

// Java sends reads again with another range, and keeps what it had signed.
func TestRangesAreNotSigned(t *testing.T) {
	l := newLake(t)
	signed, err := l.sign(t, wish{method: "GET", path: "/lake/warehouse/a/1", headers: map[string]string{"Range": "bytes=0-0"}})
	if err != nil {
		t.Fatal(err)
	}
	if status, text := send(t, "GET", signed, "", map[string]string{"Range": "bytes=1-2"}); status != http.StatusPartialContent || text != "in" {
		t.Errorf("%d %q", status, text)
	}
}

func TestTheHeadersOfTheClientComeBack(t *testing.T) {
	l := newLake(t)
	signed, err := l.sign(t, wish{method: "GET", path: "/lake/warehouse/a/1", headers: map[string]string{"User-Agent": "mine", "Host": "elsewhere", "x-amz-date": "20200101T000000Z"}})
	if err != nil {
		t.Fatal(err)
	}
	if signed.Headers["User-Agent"][0] != "mine" || signed.Headers["Host"] != nil || signed.Headers["x-amz-date"] != nil {
		t.Errorf("headers: %v", signed.Headers)
	}
	if len(signed.Headers["Authorization"]) != 1 || !strings.Contains(signed.Headers["Authorization"][0], "/"+s3test.Region+"/s3/") {
		t.Errorf("authorization: %v", signed.Headers["Authorization"])
	}
}

// SG3: of a table that is gone, files are read, listed and removed, and none is added.
func TestWhatIsLeftIsRemoved(t *testing.T) {
	l := newLake(t)
	before := l.state(t)
	l.put(t, s3test.Bucket, "warehouse/a/gone", "mine")
	for name, w := range allowed() {
		t.Run(name, func(t *testing.T) {
			signed, err := l.signer.Sign(t.Context(), leftOfA(), w.request(l.endpoint))
			if may := w.method == "GET" || w.method == "HEAD" || strings.HasPrefix(name, "delete"); may != (err == nil) {
				t.Fatalf("signed: %t, want %t: %v", err == nil, may, err)
			}
			if err == nil {
				if status, text := send(t, w.method, signed, w.body, nil); status >= 300 {
					t.Errorf("%s: %d %s", signed.URI, status, text)
				}
			} else if !fault.Is(err, fault.Forbidden) {
				t.Error(err)
			}
		})
	}
	l.unharmed(t, before)
}
