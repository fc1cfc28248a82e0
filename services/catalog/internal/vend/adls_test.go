package vend_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/adlstest"
	"github.com/igloo-catalog/igloo/pkg/logtest"
	"github.com/igloo-catalog/igloo/pkg/objectstore/adls"
	"github.com/igloo-catalog/igloo/services/catalog"
	"github.com/igloo-catalog/igloo/services/catalog/internal/vend"
)

const (
	azureHost = adlstest.Account + ".dfs.core.windows.net"
	azureRoot = "abfss://" + adlstest.Container + "@" + azureHost + "/"
)

// azureLake is an account, what the catalog knows of it, and what it logs.
type azureLake struct {
	server *adlstest.Server
	vendor *vend.Vendor
	log    *logtest.Lines
}

func newAzureLake(t *testing.T, server *adlstest.Server) *azureLake {
	t.Helper()
	l := &azureLake{server: server, log: &logtest.Lines{}}
	cfg := adls.Config{Account: adlstest.Account, Endpoint: server.Endpoint(), AccountKey: adlstest.AccountKey}
	signer, err := adls.NewSigner(cfg)
	if err != nil {
		t.Fatal(err)
	}
	issuer := vend.NewADLS(signer, time.Hour, l.log.Logger())
	if l.vendor, err = vend.New(catalog.DelegateOnRequest, map[string]vend.Issuer{"abfs": issuer}, nil); err != nil {
		t.Fatal(err)
	}
	own, err := adls.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"w/a/1", "w/ab/1", "w/b/1", "w/a b/1", "a/1"} {
		if err := own.Create(t.Context(), azureRoot+name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// ask is the status of a request with a client's signature.
func (l *azureLake) ask(t *testing.T, signature, method, name string) int {
	t.Helper()
	address := l.server.Endpoint() + "/" + adlstest.Container
	if method == "LIST" {
		method, address = http.MethodGet, address+"?restype=container&comp=list&prefix="+url.QueryEscape(name)+"&"
	} else {
		address += "/" + strings.ReplaceAll(name, " ", "%20") + "?"
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address+signature, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPut {
		request.Header.Set("x-ms-blob-type", "BlockBlob")
	}
	request.Header.Set("x-ms-version", "2021-12-02")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func (l *azureLake) signature(t *testing.T, write bool, location string) string {
	t.Helper()
	g := grant("p", location)
	g.Write = write
	access, err := l.vendor.Vend(t.Context(), g)
	if err != nil || len(access.Credentials) != 1 {
		t.Fatalf("%+v, %v", access, err)
	}
	return access.Credentials[0].Config["adls.sas-token."+azureHost]
}

// PyIceberg cannot be run on these: its libraries reach a host that is not
// Azure's own by a connection string alone, which has the whole key in it, or do
// not read the signature of an account.
func TestASignatureOpensOneFolder(t *testing.T) {
	l := newAzureLake(t, adlstest.NewWithFolders(t))
	for folder, others := range map[string][]string{"w/a": {"w/ab", "w/b", "w", "a"}, "w/a b": {"w/a"}} {
		writer, reader := l.signature(t, true, azureRoot+folder), l.signature(t, false, azureRoot+folder)
		for method, want := range map[string][2]int{"GET": {200, 200}, "LIST": {200, 200}, "PUT": {201, 403}, "DELETE": {202, 403}} {
			name := folder + "/" + map[string]string{"GET": "1", "LIST": "", "PUT": "2", "DELETE": "2"}[method]
			if method == "DELETE" {
				l.ask(t, writer, "PUT", name)
			}
			if got := l.ask(t, writer, method, name); got != want[0] {
				t.Errorf("a writer: %s %s: %d", method, name, got)
			}
			if got := l.ask(t, reader, method, name); got != want[1] {
				t.Errorf("a reader: %s %s: %d", method, name, got)
			}
			for _, other := range others {
				if got := l.ask(t, writer, method, other+"/1"); got != http.StatusForbidden {
					t.Errorf("%s %s with the key to %s: %d", method, other, folder, got)
				}
			}
		}
	}
}

func TestWhatAClientOfAzureIsTold(t *testing.T) {
	l := newAzureLake(t, adlstest.NewWithFolders(t))
	access, err := l.vendor.Vend(t.Context(), grant("p", azureRoot+"w/a"))
	if err != nil {
		t.Fatal(err)
	}
	expires, err := strconv.ParseInt(access.Config["adls.sas-token-expires-at-ms."+azureHost], 10, 64)
	if err != nil || time.UnixMilli(expires).Sub(access.Expires).Abs() > time.Second {
		t.Errorf("ends at %d, said is %s (%v)", expires, access.Expires, err)
	}
	if access.RefreshKey != "adls.refresh-credentials-endpoint" || access.Config["adls.refresh-credentials-enabled"] != "true" {
		t.Errorf("nothing says where the next one is had: %q", access.RefreshKey)
	}
	signed, err := url.ParseQuery(access.Config["adls.sas-token."+azureHost])
	if err != nil || signed.Get("sr") != "d" || signed.Get("sdd") != "2" || signed.Get("sp") != "rl" {
		t.Errorf("signed: %v (%v)", signed, err)
	}
}

// What is not narrow enough is not given, and the log says why. The emulator has
// no folders itself, and takes no signature for one.
func TestNoSignatureIsBetterThanAWideOne(t *testing.T) {
	for name, c := range map[string]struct {
		server    *adlstest.Server
		locations []string
	}{
		"an account without folders": {adlstest.New(t), []string{azureRoot + "w/a"}},
		"a table in two folders":     {adlstest.NewWithFolders(t), []string{azureRoot + "w/a", azureRoot + "w/data"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newAzureLake(t, c.server)
			access, err := l.vendor.Vend(t.Context(), catalog.Grant{Locations: c.locations, Ways: []catalog.Way{catalog.VendedCredentials}})
			if err != nil || len(access.Credentials)+len(access.Config) != 0 || access.RefreshKey != "" {
				t.Errorf("%+v, %v", access, err)
			}
			if !strings.Contains(l.log.String(), "no key to the table's files") {
				t.Errorf("log: %q", l.log)
			}
		})
	}
	signed := newAzureLake(t, adlstest.NewWithFolders(t)).signature(t, true, azureRoot+"w/a")
	if got := newAzureLake(t, adlstest.New(t)).ask(t, signed, "GET", "w/a/1"); got != http.StatusForbidden {
		t.Errorf("the emulator takes a signature for a folder (%d): nothing needs to stand before it any more", got)
	}
}
