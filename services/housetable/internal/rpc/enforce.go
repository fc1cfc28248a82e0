package rpc

import (
	"context"
	"fmt"
	"path"
	"slices"

	"google.golang.org/grpc"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// enforced registers services whose callers do what they may: each method has a
// rule, which is asked for before the method is called, replays included. Who is
// trusted has decided, and nobody decides where callers need not say who they are.
type enforced struct {
	to      grpc.ServiceRegistrar
	store   housetable.Store
	options Options
}

// rule refuses who may not do what a request asks for. What it returns knows what
// the caller may be shown.
type rule func(ctx context.Context, a asking, request any) (context.Context, error)

// RegisterService implements grpc.ServiceRegistrar.
func (e enforced) RegisterService(d *grpc.ServiceDesc, service any) {
	guarded := *d
	guarded.Methods, guarded.Streams = slices.Clone(d.Methods), slices.Clone(d.Streams)
	for i, m := range d.Methods {
		guarded.Methods[i].Handler = e.unary(m.Handler, ruleOf(d.ServiceName, m.MethodName))
	}
	for i, s := range d.Streams {
		guarded.Streams[i].Handler = e.stream(s.Handler, ruleOf(d.ServiceName, s.StreamName))
	}
	e.to.RegisterService(&guarded, service)
}

// ruleOf is the rule of a method; without one nobody but who is trusted may call it.
func ruleOf(service, method string) rule {
	if r, known := rules()[path.Ext(service)[1:]+"/"+method]; known {
		return r
	}
	return func(_ context.Context, a asking, _ any) (context.Context, error) {
		return nil, authz.Refusal(a.who, authz.Question{Privilege: authz.Own, Object: authz.Server()})
	}
}

// unary asks behind what knows who calls.
func (e enforced) unary(handler grpc.MethodHandler, r rule) grpc.MethodHandler {
	return func(server any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		return handler(server, ctx, decode, func(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			allowed := func(ctx context.Context, request any) (any, error) {
				ctx, err := e.ask(ctx, r, request)
				if err != nil {
					return nil, err
				}
				return next(ctx, request)
			}
			if interceptor == nil {
				return allowed(ctx, request)
			}
			return interceptor(ctx, request, info, allowed)
		})
	}
}

func (e enforced) stream(handler grpc.StreamHandler, r rule) grpc.StreamHandler {
	return func(server any, stream grpc.ServerStream) error {
		return handler(server, &askedStream{ServerStream: stream, ask: func(request any) error {
			_, err := e.ask(stream.Context(), r, request)
			return err
		}})
	}
}

// askedStream is a stream whose request is asked for when it is read.
type askedStream struct {
	grpc.ServerStream
	ask func(request any) error
}

// RecvMsg reads a request that the caller may make.
func (s *askedStream) RecvMsg(request any) error {
	if err := s.ServerStream.RecvMsg(request); err != nil {
		return err
	}
	return s.ask(request)
}

// ask refuses who may not do what a request asks for.
func (e enforced) ask(ctx context.Context, r rule, request any) (context.Context, error) {
	who := authn.From(ctx)
	if e.options.Decider == nil || who.Subject == "" || slices.Contains(e.options.Trusted, who.Principal()) {
		return ctx, nil
	}
	return r(ctx, asking{by: e.options.Decider, store: e.store, who: who}, request)
}

// asking is who asks, and whom.
type asking struct {
	by    authz.Decider
	store housetable.Store
	who   authn.Identity
}

// may reports whether the caller has a privilege on an object.
func (a asking) may(ctx context.Context, p authz.Privilege, o authz.Object) (bool, error) {
	decisions, err := a.by.Decide(ctx, a.who, authz.Question{Privilege: p, Object: o})
	if err != nil {
		return false, err
	}
	return decisions[0].Allowed, nil
}

// need refuses a caller who has not the privilege on the object.
func (a asking) need(ctx context.Context, p authz.Privilege, o authz.Object) error {
	return authz.Require(ctx, a.by, a.who, authz.Question{Privilege: p, Object: o})
}

// refuse is what a caller is told of what they may not do, whether it exists or not.
func (a asking) refuse(p authz.Privilege, o authz.Object) error {
	return authz.Refusal(a.who, authz.Question{Privilege: p, Object: o})
}

// as is a rule of one type of requests.
func as[R any](r func(ctx context.Context, a asking, request R) (context.Context, error)) rule {
	return func(ctx context.Context, a asking, request any) (context.Context, error) {
		typed, is := request.(R)
		if !is {
			return nil, fmt.Errorf("no rule is for %T", request)
		}
		return r(ctx, a, typed)
	}
}

// on is a rule of one type of requests that shows no less than there is.
func on[R any](refuse func(ctx context.Context, a asking, request R) error) rule {
	return as(func(ctx context.Context, a asking, request R) (context.Context, error) {
		return ctx, refuse(ctx, a, request)
	})
}
