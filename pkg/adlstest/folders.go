package adlstest

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

// NewWithFolders starts a server that says it has a hierarchical namespace, and
// takes signatures for folders, which Microsoft's emulator does not know: of
// sr=d it says that the signature is not valid. What stands before it derives
// the folder from the path of a request and the depth that is signed, as Azure
// does, checks signature, end and right, and has the emulator answer.
func NewWithFolders(t testing.TB) *Server {
	t.Helper()
	s := New(t)
	key, err := azblob.NewSharedKeyCredential(Account, AccountKey)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse("http://" + s.Address())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		if r.Request.URL.Query().Get("restype") == "account" {
			r.Header.Set("x-ms-is-hns-enabled", "true")
		}
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("sr") == "d" {
			if err := admit(r, key); err != nil {
				w.Header().Set("x-ms-error-code", "AuthorizationFailure")
				http.Error(w, err.Error(), http.StatusForbidden)
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.address = strings.TrimPrefix(server.URL, "http://")
	return s
}

// admit checks a request with a signature for a folder, and gives it one that the
// emulator takes.
func admit(r *http.Request, key *azblob.SharedKeyCredential) error {
	query := r.URL.Query()
	container, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"+Account+"/"), "/")
	right := map[string]string{http.MethodGet: "r", http.MethodHead: "r", http.MethodPut: "w", http.MethodDelete: "d"}[r.Method]
	if query.Get("comp") == "list" {
		name, right = query.Get("prefix"), "l"
	}
	if right == "" || !strings.Contains(query.Get("sp"), right) {
		return errors.New("the right is missing")
	}
	signed, err := again(query, container, name, key)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(signed.Signature()), []byte(query.Get("sig"))) != 1 {
		return errors.New("the signature is of another folder or another key")
	}
	whole := sas.ContainerPermissions{Read: true, Create: true, Write: true, Delete: true, List: true}
	known, err := sas.BlobSignatureValues{
		ContainerName: container, Permissions: whole.String(), ExpiryTime: time.Now().Add(time.Hour).UTC(),
	}.SignWithSharedKey(key)
	if err != nil {
		return err
	}
	for name := range query {
		if _, ofSignature := signatureFields[name]; ofSignature {
			query.Del(name)
		}
	}
	r.URL.RawQuery = query.Encode() + "&" + known.Encode()
	return nil
}

// signatureFields are those of a query that belong to a signature.
var signatureFields = map[string]struct{}{"sv": {}, "spr": {}, "st": {}, "se": {}, "sr": {}, "sp": {}, "sdd": {}, "sig": {}}

// again is the signature that a request must have that is about a name.
func again(query url.Values, container, name string, key *azblob.SharedKeyCredential) (sas.QueryParameters, error) {
	depth, err := strconv.Atoi(query.Get("sdd"))
	segments := strings.Split(name, "/")
	if err != nil || depth < 1 || len(segments) <= depth {
		return sas.QueryParameters{}, errors.New("not in the depth of the folder")
	}
	ends, err := time.Parse(sas.TimeFormat, query.Get("se"))
	if err != nil || time.Now().After(ends) {
		return sas.QueryParameters{}, errors.New("the signature has ended")
	}
	return sas.BlobSignatureValues{
		Version: query.Get("sv"), Protocol: sas.Protocol(query.Get("spr")), ExpiryTime: ends, Permissions: query.Get("sp"),
		ContainerName: container, Directory: strings.Join(segments[:depth], "/"),
	}.SignWithSharedKey(key)
}
