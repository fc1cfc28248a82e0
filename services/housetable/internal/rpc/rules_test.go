package rpc

import (
	"maps"
	"path"
	"slices"
	"testing"

	"google.golang.org/grpc"
)

// methods are those that are registered.
type methods map[string]bool

func (m methods) RegisterService(d *grpc.ServiceDesc, _ any) {
	for _, method := range d.Methods {
		m[path.Ext(d.ServiceName)[1:]+"/"+method.MethodName] = true
	}
	for _, stream := range d.Streams {
		m[path.Ext(d.ServiceName)[1:]+"/"+stream.StreamName] = true
	}
}

// TestEveryMethodHasARule: nothing is served that is not asked for, and no rule is
// of nothing.
func TestEveryMethodHasARule(t *testing.T) {
	registered := methods{}
	Register(registered, nil, nil, Options{})
	if len(registered) < 50 {
		t.Fatalf("only %d methods", len(registered))
	}
	for _, method := range slices.Sorted(maps.Keys(registered)) {
		if rules()[method] == nil {
			t.Errorf("%s has no rule", method)
		}
	}
	for _, method := range slices.Sorted(maps.Keys(rules())) {
		if !registered[method] {
			t.Errorf("a rule is of %s, which is not served", method)
		}
	}
}
