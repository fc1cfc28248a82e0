package authn

import (
	"context"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

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
	identity, err := identify(ctx, by, metadata.ValueFromIncomingContext(ctx, "authorization"), connection(ctx))
	if err != nil {
		return nil, err
	}
	return With(ctx, identity), nil
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
