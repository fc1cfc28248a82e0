package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// marshaler writes messages as OpenHouse does: every field in the order of its
// declaration, null when absent, 64-bit integers as numbers. It reads what
// protobuf's JSON reads, numbers as strings included, and passes over unknown
// fields.
type marshaler struct{}

// ContentType of all answers.
func (marshaler) ContentType(any) string { return "application/json" }

// Marshal writes a message; one without fields is an empty body.
func (marshaler) Marshal(v any) ([]byte, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("marshal %T: not a message", v)
	}
	if m.ProtoReflect().Descriptor().Fields().Len() == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	if err := writeMessage(&b, m.ProtoReflect()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Unmarshal reads a message.
func (marshaler) Unmarshal(data []byte, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("unmarshal %T: not a message", v)
	}
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, m)
}

// NewDecoder reads one message from r.
func (m marshaler) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		data, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("read body: %w", err)
		}
		return m.Unmarshal(data, v)
	})
}

// NewEncoder writes messages to w.
func (m marshaler) NewEncoder(w io.Writer) runtime.Encoder {
	return runtime.EncoderFunc(func(v any) error {
		data, err := m.Marshal(v)
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
}

func writeMessage(b *bytes.Buffer, m protoreflect.Message) error {
	if t, ok := m.Interface().(*timestamppb.Timestamp); ok {
		return writeJSON(b, t.AsTime())
	}
	b.WriteByte('{')
	fields, first := m.Descriptor().Fields(), true
	for i := range fields.Len() {
		f := fields.Get(i)
		if secret(f) {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		if err := writeJSON(b, f.JSONName()); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := writeField(b, m, f); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// secret reports whether a field is one that no answer may have.
func secret(f protoreflect.FieldDescriptor) bool {
	options, ok := f.Options().(*descriptorpb.FieldOptions)
	return ok && options.GetDebugRedact()
}

func writeField(b *bytes.Buffer, m protoreflect.Message, f protoreflect.FieldDescriptor) error {
	switch {
	case f.IsMap():
		return writeMap(b, m.Get(f).Map())
	case f.IsList() && beside(m, f):
		b.WriteString("null")
		return nil
	case f.IsList():
		return writeList(b, f, m.Get(f).List())
	case f.HasPresence() && !m.Has(f):
		b.WriteString("null")
		return nil
	}
	return writeValue(b, f, m.Get(f))
}

// beside reports whether f is the list of an answer that is a page instead:
// OpenHouse has one of the two null.
func beside(m protoreflect.Message, f protoreflect.FieldDescriptor) bool {
	page := m.Descriptor().Fields().ByName("page_results")
	return f.Name() == "results" && page != nil && m.Has(page)
}

func writeList(b *bytes.Buffer, f protoreflect.FieldDescriptor, list protoreflect.List) error {
	b.WriteByte('[')
	for i := range list.Len() {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := writeValue(b, f, list.Get(i)); err != nil {
			return err
		}
	}
	b.WriteByte(']')
	return nil
}

// writeMap writes a map of strings, the only ones there are, in the order of its keys.
func writeMap(b *bytes.Buffer, values protoreflect.Map) error {
	plain := make(map[string]string, values.Len())
	for key, value := range values.Range {
		plain[key.String()] = value.String()
	}
	return writeJSON(b, plain)
}

func writeValue(b *bytes.Buffer, f protoreflect.FieldDescriptor, v protoreflect.Value) error {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return writeMessage(b, v.Message())
	case protoreflect.EnumKind:
		return writeEnum(b, f.Enum().Values(), v.Enum())
	case protoreflect.BytesKind:
		return writeJSON(b, base64.StdEncoding.EncodeToString(v.Bytes()))
	default:
		return writeJSON(b, v.Interface())
	}
}

func writeEnum(b *bytes.Buffer, values protoreflect.EnumValueDescriptors, n protoreflect.EnumNumber) error {
	if known := values.ByNumber(n); known != nil {
		return writeJSON(b, string(known.Name()))
	}
	b.WriteString(strconv.Itoa(int(n)))
	return nil
}

func writeJSON(b *bytes.Buffer, v any) error {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("marshal %T: %w", v, err)
	}
	b.Truncate(b.Len() - 1) // the newline that Encode ends with
	return nil
}
