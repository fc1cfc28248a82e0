package grpcclient

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/endpointsharding"
	"google.golang.org/grpc/balancer/pickfirst"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
)

// balancing is how calls are spread over the servers of a target that can be reached: in
// turn, but those about one subject go to one of them, and of all clients to the same.
const balancing = "igloo_subjects"

// passedOver is how long a server gets no calls about subjects that it is the one for,
// when it could not answer one.
const passedOver = 5 * time.Second

func init() { balancer.Register(builder{}) } //nolint:gochecknoinits // gRPC takes a balancer at no other time

type subjectKey struct{}

// about is a context whose calls go where all go that are about the same.
func about(ctx context.Context, subject string) context.Context {
	return context.WithValue(ctx, subjectKey{}, subject)
}

// builder makes what gRPC's round robin is, but for pickers that know of subjects.
type builder struct{}

// Name implements balancer.Builder.
func (builder) Name() string { return balancing }

// Build implements balancer.Builder.
func (builder) Build(conn balancer.ClientConn, options balancer.BuildOptions) balancer.Balancer {
	return endpointsharding.NewBalancer(knowing{conn}, options, balancer.Get(pickfirst.Name).Build, endpointsharding.Options{})
}

// knowing is a connection whose pickers know of subjects.
type knowing struct{ balancer.ClientConn }

// UpdateState implements balancer.ClientConn.
func (k knowing) UpdateState(state balancer.State) {
	p := &picker{inTurn: state.Picker}
	for _, child := range endpointsharding.ChildStatesFromPicker(state.Picker) {
		if child.State.ConnectivityState == connectivity.Ready {
			p.servers = append(p.servers, &server{picker: child.State.Picker, address: child.Endpoint.Addresses[0].Addr})
		}
	}
	if len(p.servers) > 0 {
		state.Picker = p
	}
	k.ClientConn.UpdateState(state)
}

// picker picks one of the servers that are there for each call.
type picker struct {
	inTurn  balancer.Picker
	servers []*server
}

type server struct {
	picker  balancer.Picker
	address string
	// failed is when it last could not answer, in nanoseconds since the epoch.
	failed atomic.Int64
}

// Pick implements balancer.Picker.
func (p *picker) Pick(info balancer.PickInfo) (balancer.PickResult, error) {
	subject, of := info.Ctx.Value(subjectKey{}).(string)
	if !of {
		return p.inTurn.Pick(info)
	}
	s := p.of(subject)
	picked, err := s.picker.Pick(info)
	done := picked.Done
	picked.Done = func(call balancer.DoneInfo) {
		s.answered(call.Err)
		if done != nil {
			done(call)
		}
	}
	return picked, err
}

// of is the server of a subject: that which draws the most for it, so that only its own
// subjects go elsewhere when one comes or goes. Who is passed over draws less than the others.
func (p *picker) of(subject string) (best *server) {
	since, most := time.Now().Add(-passedOver).UnixNano(), uint64(0)
	for _, s := range p.servers {
		draw := xxhash.Sum64String(s.address + " " + subject)
		if s.failed.Load() > since {
			draw >>= 32
		}
		if draw >= most {
			best, most = s, draw
		}
	}
	return best
}

// answered notes whether the server could answer a call.
func (s *server) answered(err error) {
	switch status.Code(err) {
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded:
		s.failed.Store(time.Now().UnixNano())
	default:
	}
}

// listed resolves to addresses as they are told, each of one server with the name of its host.
func listed(addresses []string) *manual.Resolver {
	var state resolver.State
	for _, a := range addresses {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: a, ServerName: a})
	}
	r := manual.NewBuilderWithScheme("list")
	r.InitialState(state)
	return r
}
