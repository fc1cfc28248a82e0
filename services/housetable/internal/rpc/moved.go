package rpc

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/igloo-catalog/igloo/pkg/endpoint"
	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// checkMoved refuses to keep a secret for another place than it was given for:
// whoever could name the place would be sent what only the secret's owner knows.
func checkMoved(name string, profile *htsv1.StorageProfile, kept *housetable.Storage) error {
	before := addresses(toStorage(kept))
	for field, now := range addresses(profile) {
		was, known := before[field]
		if !known || endpoint.Normal(now) != endpoint.Normal(was) {
			return fault.Field("storage."+name, "must be given again: storage.%s is to be %q, and the secret was given for %q", field, now, was)
		}
	}
	return nil
}

// addresses are the fields that say which server the secrets of a profile's store
// are shown to, unset ones too.
func addresses(profile *htsv1.StorageProfile) map[string]string {
	m := profile.ProtoReflect()
	chosen := m.WhichOneof(m.Descriptor().Oneofs().ByName("store"))
	if chosen == nil {
		return nil
	}
	found := map[string]string{}
	of := m.Get(chosen).Message()
	for i := range of.Descriptor().Fields().Len() {
		if field := of.Descriptor().Fields().Get(i); locates(field) {
			found[string(chosen.Name())+"."+string(field.Name())] = of.Get(field).String()
		}
	}
	return found
}

// locates reports whether a field is a part of a server's address.
func locates(field protoreflect.FieldDescriptor) bool {
	return isEndpoint(field) || field.Name() == "account" // the host's first name
}

func isEndpoint(field protoreflect.FieldDescriptor) bool {
	return field.Kind() == protoreflect.StringKind && strings.HasSuffix(string(field.Name()), "endpoint")
}
