package grpcclient

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/base"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// balancing is how calls are spread over the addresses of a target that can be reached: in
// turn, but those about one subject go to one of them, and of all clients to the same.
const balancing = "igloo_subjects"

func init() { //nolint:gochecknoinits // gRPC takes a balancer at no other time
	balancer.Register(base.NewBalancerBuilder(balancing, pickers{}, base.Config{}))
}

type subjectKey struct{}

// about is a context whose calls go where all go that are about the same.
func about(ctx context.Context, subject string) context.Context {
	return context.WithValue(ctx, subjectKey{}, subject)
}

// pickers make a picker whenever there are other servers than before.
type pickers struct{}

// Build implements base.PickerBuilder.
func (pickers) Build(info base.PickerBuildInfo) balancer.Picker {
	if len(info.ReadySCs) == 0 {
		return base.NewErrPicker(balancer.ErrNoSubConnAvailable)
	}
	p := &picker{}
	for conn, of := range info.ReadySCs {
		p.servers = append(p.servers, server{conn, of.Address.Addr})
	}
	return p
}

// picker picks one of the servers that are there for each call.
type picker struct {
	servers []server
	calls   atomic.Uint64
}

type server struct {
	conn    balancer.SubConn
	address string
}

// Pick implements balancer.Picker.
func (p *picker) Pick(info balancer.PickInfo) (balancer.PickResult, error) {
	subject, of := info.Ctx.Value(subjectKey{}).(string)
	if !of {
		return balancer.PickResult{SubConn: p.servers[p.calls.Add(1)%uint64(len(p.servers))].conn}, nil
	}
	return balancer.PickResult{SubConn: p.of(subject).conn}, nil
}

// of is the server of a subject: that which draws the most for it, so that only its own
// subjects go elsewhere when one comes or goes.
func (p *picker) of(subject string) server {
	draw := func(s server) uint64 { return xxhash.Sum64String(s.address + " " + subject) }
	return slices.MaxFunc(p.servers, func(a, b server) int { return cmp.Compare(draw(a), draw(b)) })
}

// listed resolves to addresses as they are told, each with the name of its host.
func listed(addresses []string) *manual.Resolver {
	var state resolver.State
	for _, a := range addresses {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: a, ServerName: a})
	}
	r := manual.NewBuilderWithScheme("list")
	r.InitialState(state)
	return r
}
