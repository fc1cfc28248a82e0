package server_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// hostile fills the fields of a message with values of one sort.
type hostile struct {
	text   string
	number int64
	bytes  int
	// repeats is how many entries lists have.
	repeats int
}

var hostiles = map[string]hostile{
	"nothing":  {},
	"negative": {text: "-", number: -1, bytes: 1, repeats: 1},
	"greatest": {text: "d", number: math.MaxInt64, bytes: 16, repeats: 2},
	"least":    {text: "default", number: math.MinInt64, bytes: 16, repeats: 1},
	"controls": {text: "a\x00b\x1f\u2028", number: 1, bytes: 16, repeats: 1},
	"long":     {text: strings.Repeat("ü", 5000), number: 2, bytes: 17, repeats: 3},
	"plain":    {text: "default", number: 1, bytes: 16, repeats: 1},
	"pattern":  {text: "%_'\"\\", number: 0, bytes: 16, repeats: 1},
}

// TestHostileRequests: no request of any method, filled with anything, is our fault.
func TestHostileRequests(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			s, _ := serve(t, database)
			services := htsv1.File_igloo_housetable_v1_openhouse_proto.Package()
			attacked := func(service protoreflect.FullName) bool { // what others serve to this one is theirs
				return service != "igloo.housetable.v1.ProbeService"
			}
			protoregistry.GlobalFiles.RangeFilesByPackage(services, func(file protoreflect.FileDescriptor) bool {
				for i := range file.Services().Len() {
					methods := file.Services().Get(i).Methods()
					for j := range methods.Len() {
						if m := methods.Get(j); !m.IsStreamingServer() && attacked(m.Parent().FullName()) {
							attack(t, s.Conn().Invoke, m)
						}
					}
				}
				return true
			})
		})
	}
}

func attack[O any](t *testing.T, invoke func(ctx context.Context, method string, args, reply any, options ...O) error, m protoreflect.MethodDescriptor) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	method := "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
	for name, h := range hostiles {
		request, answer := messageOf(t, m.Input()), messageOf(t, m.Output())
		h.fill(request.ProtoReflect(), 0)
		err := invoke(ctx, method, request, answer)
		switch status.Code(err) {
		case codes.Internal, codes.Unknown, codes.Unavailable, codes.Unimplemented, codes.DeadlineExceeded:
			t.Errorf("%s of %s: %v", method, name, err)
		default: // done, or refused
		}
	}
}

func messageOf(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	found, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return found.New().Interface()
}

func (h hostile) fill(m protoreflect.Message, depth int) {
	if h == (hostile{}) || depth > 6 {
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.IsMap():
			m.Mutable(f).Map().Set(protoreflect.ValueOfString(h.text).MapKey(), protoreflect.ValueOfString(h.text))
		case f.IsList():
			for range h.repeats {
				list := m.Mutable(f).List()
				list.Append(h.value(f, list.NewElement(), depth))
			}
		default:
			m.Set(f, h.value(f, m.NewField(f), depth))
		}
	}
}

func (h hostile) value(f protoreflect.FieldDescriptor, empty protoreflect.Value, depth int) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.MessageKind:
		h.fill(empty.Message(), depth+1)
		return empty
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(h.text)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(make([]byte, h.bytes))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(h.number > 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(h.number))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(max(min(h.number, math.MaxInt32), math.MinInt32)))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(h.number)
	default:
		return empty
	}
}
