package authn_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/idptest"
)

func TestGuard(t *testing.T) {
	p := idptest.New(t)
	good := "Bearer " + p.Token(t, nil)
	var seen string
	inside := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = authn.From(r.Context()).Principal() })
	refuse := func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, fault.Shown(err), fault.KindOf(err).HTTPStatus())
	}
	for name, c := range map[string]struct {
		by        authn.Authenticator
		values    []string
		principal string
		challenge string
	}{
		"nobody has to say":    {nil, nil, "anonymous", ""},
		"a good token":         {bearer(t, p), []string{good}, "corp:alice", ""},
		"the scheme in lower":  {bearer(t, p), []string{strings.Replace(good, "Bearer", "bearer", 1)}, "corp:alice", ""},
		"no token":             {bearer(t, p), nil, "", `Bearer realm="igloo"`},
		"an empty one":         {bearer(t, p), []string{"Bearer "}, "", `Bearer realm="igloo", error="invalid_token"`},
		"another scheme":       {bearer(t, p), []string{"Basic YTpi"}, "", `Bearer realm="igloo", error="invalid_token"`},
		"two tokens":           {bearer(t, p), []string{good, good}, "", `Bearer realm="igloo", error="invalid_token"`},
		"a token and a nobody": {bearer(t, p), []string{good + ", Basic YTpi"}, "", `Bearer realm="igloo", error="invalid_token"`},
	} {
		seen = ""
		r := httptest.NewRequest(http.MethodGet, "/v1/config", http.NoBody)
		for _, value := range c.values {
			r.Header.Add("Authorization", value)
		}
		w := httptest.NewRecorder()
		authn.Guard(inside, c.by, refuse).ServeHTTP(w, r)
		if seen != c.principal || w.Header().Get("WWW-Authenticate") != c.challenge || (w.Code == http.StatusUnauthorized) != (c.principal == "") {
			t.Errorf("%s: %d %q, %q, seen %q", name, w.Code, w.Header(), w.Body, seen)
		}
	}
}

// asked is a health service that notes who asked; its stream as well.
type asked struct {
	healthv1.UnimplementedHealthServer
	by string
}

func (a *asked) Check(ctx context.Context, _ *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	a.by = authn.From(ctx).Principal()
	return &healthv1.HealthCheckResponse{}, nil
}

func (a *asked) Watch(_ *healthv1.HealthCheckRequest, stream grpc.ServerStreamingServer[healthv1.HealthCheckResponse]) error {
	a.by = authn.From(stream.Context()).Principal()
	return nil
}

// check is what is generated for Check, under the name that it is called by.
func check(server any, ctx context.Context, read func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) { //nolint:revive // gRPC's order
	r := &healthv1.HealthCheckRequest{}
	if err := read(r); err != nil {
		return nil, err
	}
	a, _ := server.(*asked)
	return intercept(ctx, r, &grpc.UnaryServerInfo{Server: server, FullMethod: "/test.Door/Check"}, func(ctx context.Context, _ any) (any, error) {
		return a.Check(ctx, r)
	})
}

// door serves a under another name, as health itself is open to all.
func door(t *testing.T, a *asked, by authn.Authenticator, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	server := grpc.NewServer(grpc.UnaryInterceptor(authn.Unary(by)), grpc.StreamInterceptor(authn.Stream(by)))
	description := healthv1.Health_ServiceDesc
	server.RegisterService(&description, a)
	description.ServiceName = "test.Door"
	description.Methods = []grpc.MethodDesc{{MethodName: "Check", Handler: check}}
	server.RegisterService(&description, a)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // ends by Stop
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestCallsAreGuarded(t *testing.T) {
	p := idptest.New(t)
	file := p.TokenFile(t, nil)
	carried, missing := authn.CarryFile(file), authn.CarryFile(file+".gone")
	for name, c := range map[string]struct {
		options []grpc.DialOption
		method  string
		header  []string
		by      string
		refused bool
	}{
		"a token":          {carried, "/test.Door/Check", nil, "corp:alice", false},
		"no token":         {nil, "/test.Door/Check", nil, "", true},
		"two":              {carried, "/test.Door/Check", []string{"authorization", "Bearer x"}, "", true},
		"a bad one":        {nil, "/test.Door/Check", []string{"authorization", "Bearer x"}, "", true},
		"an unread one":    {missing, "/test.Door/Check", nil, "", true},
		"health is open":   {nil, "/grpc.health.v1.Health/Check", nil, "anonymous", false},
		"nothing else is":  {nil, "/test.Door/Watch", nil, "", true},
		"a stream's token": {carried, "/test.Door/Watch", nil, "corp:alice", false},
	} {
		a := &asked{}
		conn := door(t, a, bearer(t, p), c.options...)
		ctx := metadata.AppendToOutgoingContext(t.Context(), c.header...)
		var err error
		if strings.HasSuffix(c.method, "Watch") {
			err = watch(ctx, conn, c.method)
		} else {
			err = conn.Invoke(ctx, c.method, &healthv1.HealthCheckRequest{}, &healthv1.HealthCheckResponse{})
		}
		if a.by != c.by || (status.Code(err) != 0) != c.refused {
			t.Errorf("%s: by %q, %v", name, a.by, err)
		}
	}
}

func watch(ctx context.Context, conn *grpc.ClientConn, method string) error {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(&healthv1.HealthCheckRequest{}); err != nil {
		return err
	}
	_ = stream.CloseSend()
	if err := stream.RecvMsg(&healthv1.HealthCheckResponse{}); status.Code(err) != 0 && err.Error() != "EOF" {
		return err
	}
	return nil
}

// TestDoorsAreNotOpenByAccident: what others reach needs an issuer, or the word of
// the operator.
func TestDoorsAreNotOpenByAccident(t *testing.T) {
	issuers := authn.Settings{AuthIssuers: []string{"corp=https://idp.example"}, AuthAudiences: []string{"igloo"}}
	for name, c := range map[string]struct {
		settings     authn.Settings
		certificates bool
		address      string
		guarded      bool
		refused      bool
	}{
		"this machine's own":           {authn.Settings{}, false, "127.0.0.1:8181", false, false},
		"localhost":                    {authn.Settings{}, false, "localhost:8181", false, false},
		"of version 6":                 {authn.Settings{}, false, "[::1]:8181", false, false},
		"all addresses":                {authn.Settings{}, false, "0.0.0.0:8181", false, true},
		"all, in short":                {authn.Settings{}, false, ":8181", false, true},
		"a name":                       {authn.Settings{}, false, "catalog.example:8181", false, true},
		"all, as the operator wants":   {authn.Settings{AllowUnauthenticated: true}, false, ":8181", false, false},
		"with an issuer":               {issuers, false, ":8181", true, false},
		"an issuer without a name":     {authn.Settings{AuthIssuers: []string{"https://idp.example"}, AuthAudiences: []string{"igloo"}}, false, ":8181", false, true},
		"an issuer, for no audience":   {authn.Settings{AuthIssuers: []string{"corp=https://idp.example"}}, false, ":8181", false, true},
		"with certificates":            {authn.Settings{}, true, ":8181", true, false},
		"a cluster where there's none": {authn.Settings{AuthKubernetes: true, AuthAudiences: []string{"igloo"}}, false, ":8181", false, true},
	} {
		by, err := c.settings.Authenticator(authn.Doors{Addresses: []string{"127.0.0.1:1", c.address}, Certificates: c.certificates})
		if (by != nil) != c.guarded || (err != nil) != c.refused {
			t.Errorf("%s: %v, %v", name, by, err)
		}
	}
}
