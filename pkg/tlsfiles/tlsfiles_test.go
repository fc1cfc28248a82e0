package tlsfiles_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/grpcclient"
	"github.com/igloo-catalog/igloo/pkg/grpcserver"
	"github.com/igloo-catalog/igloo/pkg/httpserver"
	"github.com/igloo-catalog/igloo/pkg/logtest"
	"github.com/igloo-catalog/igloo/pkg/telemetry"
	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
	"github.com/igloo-catalog/igloo/pkg/tlsfiles"
	"github.com/igloo-catalog/igloo/pkg/tlstest"
)

// world is a server over HTTPS whose certificate lies in files, and tells who asks.
type world struct {
	authority *tlstest.Authority
	files     tlstest.Files
	log       *logtest.Lines
	meters    *telemetry.Meters
	server    *tlsfiles.Server
	address   string
}

// serve runs a world until the test ends; its clients have to show certificates of
// its own authority.
func serve(t *testing.T) *world {
	t.Helper()
	w := &world{authority: tlstest.New(t), log: &logtest.Lines{}}
	w.files = w.authority.Issue(t, "igloo.example")
	var err error
	if w.meters, err = telemetry.NewMeters(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.meters.Close() })
	settings := tlsfiles.Listener{TLSCertFile: w.files.Cert, TLSKeyFile: w.files.Key, TLSClientCAFile: w.authority.File}
	if w.server, err = settings.OpenTLS(w.log.Logger(), w.meters.Meter("test")); err != nil {
		t.Fatal(err)
	}
	by, err := authn.Settings{}.Authenticator(authn.Doors{Addresses: []string{":1"}, Certificates: settings.ForClients()})
	if err != nil {
		t.Fatal(err)
	}
	inside := http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(out, authn.From(r.Context()).Principal())
	})
	refuse := func(out http.ResponseWriter, _ *http.Request, err error) {
		http.Error(out, err.Error(), http.StatusUnauthorized)
	}
	ctx, stop := context.WithCancel(context.Background())
	quiet := slog.New(slog.DiscardHandler)
	listener, err := httpserver.Listen(ctx, "127.0.0.1:0", authn.Guard(inside, by, refuse), httpserver.Options{TLS: w.server.Config()}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- listener.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	w.address = listener.Addr()
	return w
}

// client asks over connections of its own.
func (w *world) client(t *testing.T, config *tls.Config) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// ask is what the server answers, and the serial number of the certificate it showed.
func (w *world) ask(t *testing.T, client *http.Client) (answer, serial string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+w.address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), response.TLS.PeerCertificates[0].SerialNumber.String(), err
}

// TestHandshakes: who is let in by a certificate, and what is not spoken.
func TestHandshakes(t *testing.T) {
	w, stranger := serve(t), tlstest.New(t)
	alice, theirs := w.authority.Issue(t, "alice.example"), stranger.Issue(t, "alice.example")
	over := w.authority.Issue(t, "over.example")
	w.authority.Renew(t, over, "over.example", time.Now().Add(-time.Minute))
	old := w.authority.Client(t, &alice)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	weak := w.authority.Client(t, &alice)
	weak.MaxVersion, weak.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	const refused = ":" // of TLS 1.3, a client hears of it after its handshake, in one of many ways
	for name, c := range map[string]struct {
		config *tls.Config
		answer string
		fails  string
	}{
		"a certificate":                  {w.authority.Client(t, &alice), "cert:alice.example", ""},
		"none":                           {w.authority.Client(t, nil), "client certificate is needed", ""},
		"one of another authority":       {w.mixed(t, theirs), "", refused},
		"one that is over":               {w.authority.Client(t, &over), "", refused},
		"TLS 1.1":                        {old, "", "protocol version"},
		"a suite without authentication": {weak, "", "handshake failure"},
		"a client of another authority":  {stranger.Client(t, nil), "", "unknown authority"},
	} {
		answer, _, err := w.ask(t, w.client(t, c.config))
		if !strings.Contains(answer, c.answer) || (err != nil) != (c.fails != "") || (err != nil && !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%s: %q, %v, want %q", name, answer, err, c.answer+c.fails)
		}
	}
}

// mixed believes in the server, and shows what another authority issued.
func (w *world) mixed(t *testing.T, theirs tlstest.Files) *tls.Config {
	t.Helper()
	config := w.authority.Client(t, &theirs)
	own := config.Certificates[0]
	config.Certificates = nil // else it is not shown to who did not ask for that authority
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
	return config
}

// TestFilesAreRenewed: new connections see new files, old ones go on, and files
// that are no good change nothing but the log and the metrics.
func TestFilesAreRenewed(t *testing.T) {
	w := serve(t)
	alice := w.authority.Issue(t, "alice.example")
	old := w.client(t, w.authority.Client(t, &alice))
	_, first, err := w.ask(t, old)
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() (serial string) {
		_, serial, err := w.ask(t, w.client(t, w.authority.Client(t, &alice)))
		if err != nil {
			t.Fatal(err)
		}
		return serial
	}
	w.authority.Renew(t, w.files, "igloo.example", time.Now().Add(2*time.Hour))
	until(t, "a new certificate is shown", func() bool { return fresh() != first })
	second := fresh()
	if _, serial, err := w.ask(t, old); err != nil || serial != first {
		t.Errorf("the connection from before: %s, %v, was %s", serial, err, first)
	}
	if err := os.WriteFile(w.files.Key, []byte("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	metrics := func() telemetrytest.Samples { return telemetrytest.Read(t, telemetry.Scrape(w.meters)) }
	until(t, "a bad key is told of", func() bool { return metrics().Sum("igloo_tls_renewals_total", "result", "refused") == 1 })
	if serial := fresh(); serial != second {
		t.Errorf("after a bad key %s is shown, want %s", serial, second)
	}
	if log := w.log.String(); strings.Count(log, "cannot be used") != 1 || strings.Contains(log, "c2VjcmV0") {
		t.Errorf("the log: %s", log)
	}
	w.authority.Renew(t, w.files, "igloo.example", time.Now().Add(3*time.Hour))
	until(t, "a good one is shown again", func() bool { return fresh() != second })
	found := metrics()
	if taken, expiry := found.Sum("igloo_tls_renewals_total", "result", "taken"), found.Sum("igloo_tls_certificate_expiry_seconds"); taken != 2 || time.Until(time.Unix(int64(expiry), 0)) < 2*time.Hour {
		t.Errorf("%v were taken, the last until %v", taken, expiry)
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(30 * time.Second); !holds(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("never: %s", what)
		}
	}
}

// TestServicesCallOneAnother: a client shows its certificate, believes in the
// authorities of its own file, and takes those that come later.
func TestServicesCallOneAnother(t *testing.T) {
	w := serve(t)
	server, _ := grpcserver.New(slog.New(slog.DiscardHandler), nil, w.server.Options()...)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // ends by Stop
	t.Cleanup(server.Stop)
	own, stranger := w.authority.Issue(t, "catalog.example"), tlstest.New(t)
	one := listener.Addr().String()
	call := func(c tlsfiles.Client, target string) error {
		options, err := c.Dial("x-", slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		conn, err := grpcclient.Dial(target, options...)
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}, grpc.WaitForReady(false))
		return err
	}
	for name, c := range map[string]struct {
		client tlsfiles.Client
		fails  string
	}{
		"with a certificate":   {tlsfiles.Client{CAFile: w.authority.File, CertFile: own.Cert, KeyFile: own.Key}, ""},
		"by another name":      {tlsfiles.Client{CAFile: w.authority.File, ServerName: "igloo.example"}, ""},
		"not by any name":      {tlsfiles.Client{CAFile: w.authority.File, ServerName: "other.example"}, "not other.example"},
		"by another authority": {tlsfiles.Client{CAFile: stranger.File}, "unknown authority"},
		"without TLS":          {tlsfiles.Client{}, "error reading server preface"},
		"half a pair":          {tlsfiles.Client{CAFile: w.authority.File, CertFile: own.Cert}, "x-tls-key-file"},
		"no authority":         {tlsfiles.Client{CertFile: own.Cert, KeyFile: own.Key}, "x-tls-ca-file"},
		"no such file":         {tlsfiles.Client{CAFile: own.Cert + ".gone"}, "no such file"},
		"no certificate there": {tlsfiles.Client{CAFile: own.Key}, "no certificate"},
	} {
		for _, target := range []string{one, one + "," + strings.Replace(one, "127.0.0.1", "localhost", 1)} {
			if err := call(c.client, target); (err != nil) != (c.fails != "") || (err != nil && !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("%s, at %s: %v, want %q", name, target, err, c.fails)
			}
		}
	}
}

func TestListenersAreChecked(t *testing.T) {
	files := tlstest.New(t).Issue(t, "x")
	for name, l := range map[string]tlsfiles.Listener{
		"no key":              {TLSCertFile: files.Cert},
		"no certificate":      {TLSKeyFile: files.Key},
		"clients without TLS": {TLSClientCAFile: files.Cert},
		"files swapped":       {TLSCertFile: files.Key, TLSKeyFile: files.Cert},
		"bad authorities":     {TLSCertFile: files.Cert, TLSKeyFile: files.Key, TLSClientCAFile: files.Key},
	} {
		if _, err := l.OpenTLS(slog.New(slog.DiscardHandler), telemetry.OrNone(nil)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if s, err := (tlsfiles.Listener{}).OpenTLS(slog.New(slog.DiscardHandler), telemetry.OrNone(nil)); err != nil || s.Config() != nil || s.Options() != nil {
		t.Errorf("without TLS: %v, %v", s, err)
	}
}
