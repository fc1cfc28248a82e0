package sign_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/s3test"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/sign"
)

// refused are requests that must not be signed, by why.
func refused() map[string][]wish {
	put := func(header, value string) wish {
		return wish{method: "PUT", path: "/lake/warehouse/a/n", headers: map[string]string{header: value}}
	}
	get := func(path string) wish { return wish{method: "GET", path: path} }
	return map[string][]wish{
		"another table": {
			get("/lake/warehouse/b/" + outside), get("/lake/warehouse/ab/" + outside), get("/lake/warehouse/a-" + outside),
			get("/lake/warehouse/A/" + outside), get("/lake/a/" + outside), get("/lake/" + outside), get("/lake/warehouse/a"),
			{method: "PUT", path: "/lake/warehouse/b/x"},
			{method: "DELETE", path: "/lake/warehouse/b/" + outside},
			{method: "HEAD", path: "/lake/warehouse/b/" + outside},
			{method: "POST", path: "/lake/warehouse/b/x?uploads"},
		},
		"another bucket": {
			get("/warehouse/warehouse/a/" + outside), get("/warehouse/a/" + outside), get("/Lake/warehouse/a/1"), get("/lake./warehouse/a/1"),
		},
		"segments that go elsewhere": {
			get("/lake/warehouse/a/../b/" + outside), get("/lake/warehouse/a/%2e%2e/b/" + outside), get("/lake/warehouse/a/%2E./b/" + outside),
			get("/lake/warehouse/a/..%2Fb/" + outside), get("/lake/warehouse/a%2F..%2Fb/" + outside), get("/lake/warehouse/a/%252e%252e/b/" + outside),
			get("/lake/warehouse/a/%25252e%25252e/b/" + outside), get("/lake/warehouse/a/./1"), get("/lake/warehouse/a//1"), get("//lake/warehouse/a/1"),
			get("/lake//warehouse/a/1"), get("/lake/warehouse/a/.."), get("/lake/warehouse/a/..;/b/x"), get(`/lake/warehouse/a/..\b/x`), get("/lake/warehouse/a/..%5Cb/x"),
			get("/lake/warehouse/a/%252e%252e%252Fb/%zz"), get("/lake/warehouse/a/%252e%252e/%25zz"), get("/./lake/warehouse/a/1"), get("/lake/x/../warehouse/a/1"),
		},
		"characters": {
			get("/lake/warehouse/a/x\x00"), get("/lake/warehouse/a/%00"), get("/lake/warehouse/a/%0d%0aHost:x"), get("/lake/warehouse/a/x y"), get("/lake/warehouse/a/é"),
			get("/lake/warehouse/a/%ff"), get("/lake/warehouse/a/b+c"), get("/lake/warehouse/a/%4"), get("/lake/warehouse/a/" + strings.Repeat("x", 1100)), get("/lake/warehouse/a/x\t"),
		},
		"another place": {
			get("http://127.0.0.1:1/lake/warehouse/a/1"), get("http://example.com/lake/warehouse/a/1"), get("{host}:99/lake/warehouse/a/1"),
			get("https://{address}/lake/warehouse/a/1"), get("http://user@{address}/lake/warehouse/a/1"), get("http://user:password@{address}/lake/warehouse/a/1"),
			get("http://lake.{address}/warehouse/a/1"), get("http://{address}.example.com/lake/warehouse/a/1"), get("http://example.com#@{address}/lake/warehouse/a/1"),
			get("http://{address}/lake/warehouse/a/1#x"), get("http:{address}/lake/warehouse/a/1"), get("//{address}/lake/warehouse/a/1"), get("/lake/warehouse/a/1#"),
			get("http://{address}:/lake/warehouse/a/1"), get("s3://lake/warehouse/a/1"), get("http://%31{address}/lake/warehouse/a/1"), get("http:///lake/warehouse/a/1"),
		},
		"more than the table": {
			get("/lake"), get("/lake/"), get("/"), get("/lake?list-type=2"), get("/lake?prefix="), get("/lake?list-type=2&prefix="), get("/lake?list-type=2&prefix=warehouse%2F"),
			get("/lake?list-type=2&prefix=warehouse%2Fa"), get("/lake?list-type=2&prefix=warehouse%2Fb%2F"), get("/lake?list-type=2&prefix=%2Fwarehouse%2Fa%2F"),
			get("/lake?list-type=2&prefix=warehouse%2Fa%2F..%2Fb%2F"), get("/lake?list-type=2&prefix=warehouse%2Fa%2F&prefix="), get("/lake?list-type=2&prefix=warehouse%2Fa%2F&Prefix=x"),
			get("/lake?list-type=1&prefix=warehouse%2Fa%2F"), get("/lake?list-type=2&prefix=warehouse%252Fa%252F"), get("/lake?list-type=2&prefix=&x=warehouse%2Fa%2F"),
			get("/lake?list-type=2&prefix=warehouse/a/;prefix="), get("/lake?list-type=2&&prefix=warehouse/a/"), get("/lake?list-type=2&pre%66ix=warehouse/a/&prefix=x"),
			{method: "HEAD", path: "/lake"},
			{method: "DELETE", path: "/lake"},
			{method: "PUT", path: "/lake"},
			{method: "DELETE", path: "/lake/"},
			{method: "POST", path: "/lake"},
		},
		"how a bucket behaves": {
			get("/lake?acl"), get("/lake?policy"), get("/lake?versioning"), get("/lake?versions&prefix=warehouse/a/"), get("/lake?tagging"), get("/lake?lifecycle"), get("/lake?website"),
			get("/lake?cors"), get("/lake?location"), get("/lake?uploads&prefix=warehouse/a/"), get("/lake?logging"), get("/lake?encryption"), get("/lake?policyStatus"), get("/lake?replication"),
			{method: "PUT", path: "/lake?acl"},
			{method: "PUT", path: "/lake?policy"},
			{method: "PUT", path: "/lake?versioning"},
			{method: "DELETE", path: "/lake?policy"},
			{method: "PUT", path: "/lake?lifecycle"},
			{method: "PUT", path: "/lake?prefix=warehouse/a/&policy"},
			get("/lake?list-type=2&prefix=warehouse/a/&policy"),
		},
		"how an object behaves": {
			get("/lake/warehouse/a/1?acl"),
			{method: "PUT", path: "/lake/warehouse/a/1?acl"},
			{method: "PUT", path: "/lake/warehouse/a/1?tagging"},
			{method: "PUT", path: "/lake/warehouse/a/1?retention"},
			{method: "PUT", path: "/lake/warehouse/a/1?legal-hold"},
			{method: "POST", path: "/lake/warehouse/a/1?restore"},
			{method: "POST", path: "/lake/warehouse/a/1?select&select-type=2"},
			get("/lake/warehouse/a/1?torrent"),
			{method: "DELETE", path: "/lake/warehouse/a/1?versionId=x"},
			{method: "PUT", path: "/lake/warehouse/a/1?partNumber=1"},
			{method: "PUT", path: "/lake/warehouse/a/1?uploadId=x"},
			{method: "POST", path: "/lake/warehouse/a/1"},
			{method: "PATCH", path: "/lake/warehouse/a/1"},
			{method: "OPTIONS", path: "/lake/warehouse/a/1"},
			{method: "get", path: "/lake/warehouse/a/1"},
			{method: "", path: "/lake/warehouse/a/1"},
			{method: "TRACE", path: "/lake/warehouse/a/1"},
			{method: "CONNECT", path: "/lake/warehouse/a/1"},
			{method: "GET\r\nX: y", path: "/lake/warehouse/a/1"},
			get("/lake/warehouse/a/1?x-amz-acl=public-read"), get("/lake/warehouse/a/1?X-Amz-Signature=1"), get("/lake/warehouse/a/1?response-content-type=text/html"), get("/lake/warehouse/a/1?versionId=a&versionId=b"),
		},
		"headers that change what is done": {
			put("x-amz-acl", "public-read"), put("X-Amz-Acl", "public-read"), put("x-amz-grant-read", "uri=x"), put("x-amz-grant-full-control", "id=x"), put("x-amz-website-redirect-location", "/x"),
			put("x-amz-bypass-governance-retention", "true"), put("x-amz-object-lock-mode", "GOVERNANCE"), put("x-amz-tagging", "a=b"), put("x-amz-request-payer", "requester"), put("x-amz-something-new", "x"),
			put("x-amz-copy-source", "/lake/warehouse/b/"+outside), put("x-amz-copy-source", "lake/warehouse/b/"+outside), put("X-AMZ-Copy-Source", "warehouse/warehouse/a/"+outside), put("x-amz-copy-source", "/lake/warehouse/a/../b/"+outside),
			put("x-amz-copy-source", "/lake/warehouse/a/%2e%2e/b/x"), put("x-amz-copy-source", "/lake/warehouse%2Fa%2F1"), put("x-amz-copy-source", "arn:aws:s3:us-east-1:1:accesspoint/x/object/warehouse/a/1"),
			put("x-amz-copy-source", "/lake/warehouse/a/1?versionId=x"), put("x-amz-copy-source", ""), put("x-amz-copy-source", "//lake/warehouse/a/1"),
			put("Authorization", "AWS4-HMAC-SHA256 x"), put("x-amz-security-token", "x"), put("x-amz-meta-a", "x\r\nx-amz-acl: public-read"), put("x-amz-meta-a\r\nx-amz-acl", "x"), put("", "x"),
			put("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), put("x-amz-content-sha256", "x"),
			{method: "GET", path: "/lake/warehouse/a/1", headers: map[string]string{"x-amz-copy-source": "/lake/warehouse/a/1"}},
			{method: "PUT", path: "/lake/warehouse/a/n", headers: map[string]string{"x-amz-meta-a": "1", "X-Amz-Meta-A": "2"}},
		},
		"bodies that name others": {
			deletes("warehouse/b/" + outside), deletes("warehouse/a/1", "warehouse/b/"+outside), deletes("warehouse/a"), deletes("warehouse/a/../b/x"), deletes("/warehouse/a/1"), deletes(""), deletes(),
			deletes("warehouse/a/1</Key><Key>warehouse/b/" + outside), deletes("warehouse/a/1</Key><VersionId>x</VersionId><Key>warehouse/a/2"), deletes("warehouse/a/1</Key></Object><Object><Key>" + outside),
			deleting(""), deleting("{}"), deleting("<Delete/>"), deleting("<Delete><Object><Key>warehouse/a/1</Key></Object>"), deleting("<Delete><Object><Key>warehouse/a/1</Key></Object></Delete><Delete/>"),
			deleting(`<!DOCTYPE d [<!ENTITY k "warehouse/b/x">]><Delete><Object><Key>&k;</Key></Object></Delete>`), deleting("<Delete><Object><Key>warehouse/a/<!-- x -->1</Key></Object></Delete>"),
			deleting("<Delete><Object><Key><![CDATA[warehouse/a/1]]></Key></Object></Delete>"), deleting("<Delete><Object><Key>&k;</Key></Object></Delete>"), deleting("<x:Delete><Object><Key>warehouse/a/1</Key></Object></x:Delete>"),
			deleting("<Delete><Object><key>warehouse/b/x</key><Key>warehouse/a/1</Key></Object></Delete>"), deleting("<Delete><Object><Key a='b'>warehouse/a/1</Key></Object></Delete>"), deleting("<Delete><Key>warehouse/a/1</Key></Delete>"),
			deleting("<Delete><Object>warehouse/b/x<Key>warehouse/a/1</Key></Object></Delete>"), deleting("<Delete><Object><Key>warehouse/a/1<Key>warehouse/b/x</Key></Key></Object></Delete>"),
			deleting("<Delete xmlns='x'><Object><Key>warehouse/a/1</Key></Object></Delete>"), deleting("<Delete><Object><Key>warehouse/a/1</Key></Object></Delete>x"), deletes(many(1001)...),
			with(deletes("warehouse/a/1"), "x-amz-content-sha256", "UNSIGNED-PAYLOAD"), with(deletes("warehouse/a/1"), "x-amz-content-sha256", strings.Repeat("0", 64)),
			{method: "POST", path: "/lake?delete&x=y", body: deletes("warehouse/a/1").body},
			{method: "POST", path: "/lake/warehouse/a/1?delete", body: deletes("warehouse/b/1").body},
		},
		"writing with a right to read": {
			{method: "PUT", path: "/lake/warehouse/a/n", reads: true},
			{method: "DELETE", path: "/lake/warehouse/a/1", reads: true},
			{method: "POST", path: "/lake/warehouse/a/1?uploads", reads: true},
			{method: "POST", path: "/lake/warehouse/a/1?uploadId=x", reads: true},
			{method: "PUT", path: "/lake/warehouse/a/1?uploadId=x&partNumber=1", reads: true},
			{method: "GET", path: "/lake/warehouse/a/1?uploadId=x", reads: true},
			{method: "POST", path: "/lake?delete", body: deletes("warehouse/a/1").body, reads: true},
		},
	}
}

func many(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = "warehouse/a/x"
	}
	return keys
}

func with(w wish, header, value string) wish {
	w.headers = maps.Clone(w.headers)
	w.headers[header] = value
	return w
}

// SG1: nothing is signed that reads, changes or lists what is not the table's, or
// whose meaning is open to doubt.
func TestWhatIsNotTheTablesIsNotSigned(t *testing.T) {
	signer := newSigner(t, sign.Config{Policy: catalog.DelegateOnRequest, Region: s3test.Region, Endpoint: "http://store:7070", PathStyle: true})
	for why, wishes := range refused() {
		for _, w := range wishes {
			w.path = strings.NewReplacer("{address}", "store:7070", "{host}", "http://store").Replace(w.path)
			signed, err := signer.Sign(t.Context(), tableA(!w.reads), w.request("http://store:7070"))
			if err == nil {
				t.Errorf("%s: %s %s %v %.100s was signed as %s", why, w.method, w.path, w.headers, w.body, signed.URI)
				continue
			}
			if !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %s %s: %v", why, w.method, w.path, err)
			}
			if signed, err := signer.Sign(t.Context(), leftOfA(), w.request("http://store:7070")); err == nil && !w.reads {
				t.Errorf("%s: %s %s was signed as %s when the table was gone", why, w.method, w.path, signed.URI)
			}
		}
	}
}

// SG2: another provider or region than the table's is a 400.
func TestProvidersAndRegions(t *testing.T) {
	signer := newSigner(t, sign.Config{Policy: catalog.DelegateOnRequest, Region: s3test.Region, Endpoint: "http://store:7070", PathStyle: true})
	request := wish{method: "GET", path: "/lake/warehouse/a/1"}.request("http://store:7070")
	for _, change := range []func(*catalog.StorageRequest){
		func(r *catalog.StorageRequest) { r.Provider = "gcs" },
		func(r *catalog.StorageRequest) { r.Provider = "S3" },
		func(r *catalog.StorageRequest) { r.Region = "eu-west-1" },
		func(r *catalog.StorageRequest) { r.Region = "" },
	} {
		wrong := request
		change(&wrong)
		if _, err := signer.Sign(t.Context(), tableA(true), wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s, %s: %v", wrong.Provider, wrong.Region, err)
		}
	}
	request.Provider = "" // is s3, for clients that know no other
	if _, err := signer.Sign(t.Context(), tableA(true), request); err != nil {
		t.Error(err)
	}
	for _, locations := range [][]string{nil, {"gs://lake/a"}, {"file:///a"}, {"s3://lake"}, {"s3://lake/"}, {"s3://lake/a/../b"}, {"s3:///a"}} {
		if _, err := signer.Sign(t.Context(), catalog.Grant{Locations: locations, Write: true}, request); !fault.Is(err, fault.Unsupported) {
			t.Errorf("%v: %v", locations, err)
		}
	}
}

// The hosts of AWS, and those of a store with buckets in its hosts.
func TestHosts(t *testing.T) {
	key := credentials.NewStaticCredentialsProvider("id", "secret", "token")
	for _, c := range []struct {
		cfg    sign.Config
		uri    string
		signed bool
	}{
		{sign.Config{Region: "eu-west-1"}, "https://lake.s3.eu-west-1.amazonaws.com/warehouse/a/1", true},
		{sign.Config{Region: "eu-west-1"}, "https://LAKE.S3.eu-west-1.amazonaws.com:443/warehouse/a/1", true},
		{sign.Config{Region: "eu-west-1"}, "https://s3.eu-west-1.amazonaws.com/lake/warehouse/a/1", true},
		{sign.Config{Region: "eu-west-1"}, "https://lake.s3.dualstack.eu-west-1.amazonaws.com/warehouse/a/1", true},
		{sign.Config{Region: "us-east-1"}, "https://lake.s3.amazonaws.com/warehouse/a/1", true},
		{sign.Config{Region: "cn-north-1"}, "https://lake.s3.cn-north-1.amazonaws.com.cn/warehouse/a/1", true},
		{sign.Config{Region: "eu-west-1"}, "https://lake.s3.us-east-1.amazonaws.com/warehouse/a/1", false},
		{sign.Config{Region: "eu-west-1"}, "http://lake.s3.eu-west-1.amazonaws.com/warehouse/a/1", false},
		{sign.Config{Region: "eu-west-1"}, "https://lake.s3.eu-west-1.amazonaws.com:8443/warehouse/a/1", false},
		{sign.Config{Region: "eu-west-1"}, "https://lake.s3.eu-west-1.amazonaws.com.example.com/warehouse/a/1", false},
		{sign.Config{Region: "eu-west-1"}, "https://warehouse.s3.eu-west-1.amazonaws.com/warehouse/a/1", false},
		{sign.Config{Region: "eu-west-1"}, "https://x.lake.s3.eu-west-1.amazonaws.com/warehouse/a/1", false},
		{sign.Config{Region: "eu-west-1"}, "https://lake.s3.eu-west-1.amazonaws.com/lake/warehouse/a/1", false},
		{sign.Config{Region: "eu-west-1"}, "https://lake.s3-accesspoint.eu-west-1.amazonaws.com/warehouse/a/1", false},
		{sign.Config{Region: "r", Endpoint: "https://Store"}, "https://lake.store/warehouse/a/1", true},
		{sign.Config{Region: "r", Endpoint: "https://store"}, "https://store:443/lake/warehouse/a/1", true},
		{sign.Config{Region: "r", Endpoint: "https://store", PathStyle: true}, "https://lake.store/warehouse/a/1", false},
	} {
		c.cfg.Policy, c.cfg.Credentials = catalog.DelegateOnRequest, key
		signed, err := newSigner(t, c.cfg).Sign(t.Context(), tableA(false), catalog.StorageRequest{Method: "GET", Region: c.cfg.Region, URI: c.uri})
		if (err == nil) != c.signed {
			t.Errorf("%s in %s at %q: %v", c.uri, c.cfg.Region, c.cfg.Endpoint, err)
		}
		if err == nil && signed.Headers["X-Amz-Security-Token"][0] != "token" {
			t.Errorf("%s: without the key's token", c.uri)
		}
	}
	for _, endpoint := range []string{"store:7070", "ftp://store", "http://store/base", "http://user@store", "http://"} {
		if _, err := sign.NewS3(sign.Config{Region: "r", Endpoint: endpoint, Credentials: key}); err == nil {
			t.Errorf("endpoint %s", endpoint)
		}
	}
	if _, err := sign.NewS3(sign.Config{Credentials: key}); err == nil {
		t.Error("a signer without a region")
	}
}

// D2: a policy says who is told of the signer.
func TestPolicies(t *testing.T) {
	for policy, want := range map[catalog.DelegationPolicy]struct{ silent, keys, signing bool }{
		catalog.DelegateNever:     {false, false, false},
		catalog.DelegateOnRequest: {false, false, true},
		catalog.DelegateAlways:    {true, false, true},
	} {
		s := newSigner(t, sign.Config{Policy: policy, Region: "r"})
		keys, signing := []catalog.Way{catalog.VendedCredentials}, []catalog.Way{catalog.RemoteSigning}
		if s.Offers(nil) != want.silent || s.Offers(keys) != want.keys || s.Offers(signing) != want.signing {
			t.Errorf("%s: %t, %t, %t", policy, s.Offers(nil), s.Offers(keys), s.Offers(signing))
		}
	}
	if access := newSigner(t, sign.Config{Region: "r"}).Access(catalog.Grant{Locations: []string{"file:///a"}}); access.Config != nil {
		t.Errorf("local files: %v", access)
	}
}
