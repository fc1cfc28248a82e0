package authn

import (
	"context"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// CertificateIssuer is the issuer of those who prove who they are by a
// certificate, in principals.
const CertificateIssuer = "cert"

// Unary is Guard for calls: it makes the rest of a chain of interceptors know who
// asks. Whoever sent no token may have shown a certificate instead.
func Unary(by Authenticator) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ctx, err := admit(ctx, by, info.FullMethod)
		if err != nil {
			return nil, err
		}
		return handler(ctx, request)
	}
}

// Stream is Unary for streams.
func Stream(by Authenticator) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx, err := admit(stream.Context(), by, info.FullMethod)
		if err != nil {
			return err
		}
		return handler(server, &knownStream{ServerStream: stream, ctx: ctx})
	}
}

// health is what orchestrators ask, who have no token.
const health = "/grpc.health.v1.Health/"

func admit(ctx context.Context, by Authenticator, method string) (context.Context, error) {
	if by == nil || strings.HasPrefix(method, health) {
		return ctx, nil
	}
	tokens := metadata.ValueFromIncomingContext(ctx, "authorization")
	if identity, shown := certified(ctx); shown && len(tokens) == 0 {
		return With(ctx, identity), nil
	}
	token, err := tokenOf(tokens)
	if err != nil {
		return nil, err
	}
	identity, err := by.Authenticate(ctx, token)
	if err != nil {
		return nil, err
	}
	return With(ctx, identity), nil
}

// certified is whom the certificate of a connection names, which the transport
// has verified: by its first URI, DNS name or common name, in this order.
func certified(ctx context.Context) (Identity, bool) {
	from, _ := peer.FromContext(ctx)
	if from == nil {
		return Identity{}, false
	}
	tls, ok := from.AuthInfo.(credentials.TLSInfo)
	if !ok || len(tls.State.VerifiedChains) == 0 {
		return Identity{}, false
	}
	leaf := tls.State.VerifiedChains[0][0]
	identity := Identity{Issuer: CertificateIssuer, Subject: leaf.Subject.CommonName, Expires: leaf.NotAfter}
	switch {
	case len(leaf.URIs) > 0:
		identity.Subject = leaf.URIs[0].String()
	case len(leaf.DNSNames) > 0:
		identity.Subject = leaf.DNSNames[0]
	}
	return identity, identity.Subject != ""
}

// knownStream is a stream of somebody.
type knownStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // that is how gRPC hands it on
}

// Context knows who asks.
func (s *knownStream) Context() context.Context { return s.ctx }

// outgoing is the token that calls carry.
type outgoing struct{ token func() (string, error) }

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (o outgoing) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := o.token()
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the own token cannot be read")
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials: the network
// between services may be secured below them.
func (outgoing) RequireTransportSecurity() bool { return false }

// CarryFile makes every call of a connection carry the token in a file that
// somebody else keeps new, as Kubernetes does for a pod: nothing without a path.
func CarryFile(path string) []grpc.DialOption {
	if path == "" {
		return nil
	}
	return []grpc.DialOption{grpc.WithPerRPCCredentials(outgoing{tokenFile(path)})}
}

// tokenRest is how long a token that was read is used.
const tokenRest = 10 * time.Second

// tokenFile is a source of the token in a file, which is read once in a while.
func tokenFile(path string) func() (string, error) {
	var mu sync.Mutex
	var token string
	var read time.Time
	return func() (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(read) < tokenRest {
			return token, nil
		}
		content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return "", err
		}
		token, read = strings.TrimSpace(string(content)), time.Now()
		return token, nil
	}
}
