package adls_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/igloo-catalog/igloo/pkg/objectstore/adls"
)

// identity is one that has a token already.
type identity struct{}

func (identity) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "any", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// delegating is an account that delegates keys, and counts them; who asks what it
// is may not know.
func delegating(t *testing.T, delegations *atomic.Int64) *service.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("comp") != "userdelegationkey" || r.Header.Get("Authorization") != "Bearer any" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		now := time.Now().UTC()
		delegations.Add(1)
		_, _ = fmt.Fprintf(w, `<UserDelegationKey><SignedOid>o</SignedOid><SignedTid>t</SignedTid><SignedStart>%s</SignedStart>
			<SignedExpiry>%s</SignedExpiry><SignedService>b</SignedService><SignedVersion>2021-12-02</SignedVersion>
			<Value>a2V5</Value></UserDelegationKey>`, now.Format(sas.TimeFormat), now.Add(time.Hour).Format(sas.TimeFormat))
	}))
	t.Cleanup(server.Close)
	options := &service.ClientOptions{ClientOptions: azcore.ClientOptions{InsecureAllowCredentialWithHTTP: true}}
	client, err := service.NewClient(server.URL, identity{}, options)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// An identity signs with a key that is delegated to it, one for many signatures.
func TestSignaturesOfAnIdentity(t *testing.T) {
	var delegations atomic.Int64
	signer := adls.DelegatedSigner("testaccount", delegating(t, &delegations))
	ends := time.Now().Add(30 * time.Minute)
	for _, folder := range []string{"a/b", "a/c"} {
		signature, err := signer.Sign(t.Context(), root+folder, false, ends)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := url.ParseQuery(signature)
		if err != nil || signed.Get("sr") != "d" || signed.Get("sdd") != "2" || signed.Get("skoid") != "o" || signed.Get("spr") != "https" {
			t.Errorf("%v, %v", signed, err)
		}
	}
	if delegations.Load() != 1 {
		t.Errorf("%d keys for two signatures", delegations.Load())
	}
	if _, err := signer.Sign(t.Context(), root+"a", false, ends.Add(24*time.Hour)); err != nil || delegations.Load() != 2 {
		t.Errorf("a key that ends before the signature signs it (%v)", err)
	}
	if _, err := signer.Sign(t.Context(), strings.TrimSuffix(root, "/"), false, ends); err == nil {
		t.Error("a whole container is signed for")
	}
}
