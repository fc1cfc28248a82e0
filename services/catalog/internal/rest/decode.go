package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/limit"
	"github.com/igloo-catalog/igloo/pkg/span"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// readBody reads a whole body, within the limit: as it was sent, and as it is
// when it is uncompressed.
func (c *call) readBody() ([]byte, error) {
	body, err := c.uncompressed()
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(body, c.bodyLimit+1))
	}
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over), int64(len(data)) > c.bodyLimit:
		return nil, fault.New(fault.TooLarge, "body: is over the limit of %d bytes", c.bodyLimit)
	case fault.Is(err, fault.Invalid):
		return nil, err
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "body: could not be read to its end")
	case !utf8.Valid(data):
		return nil, fault.Field("body", "is not valid UTF-8")
	}
	return data, limit.Depth(data)
}

// uncompressed is the body without its coding.
func (c *call) uncompressed() (io.Reader, error) {
	codings := strings.Join(c.Header.Values("Content-Encoding"), ", ")
	switch strings.ToLower(codings) {
	case "", "identity":
		return c.Body, nil
	case "gzip", "x-gzip":
		return gzip.NewReader(c.Body)
	default:
		return nil, fault.Field("Content-Encoding", "found %q, allowed are gzip, identity", clip(codings))
	}
}

// readObject reads a body that must be a JSON object.
func (c *call) readObject() (*object, error) {
	data, err := c.readBody()
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fault.Field("body", "is empty; a JSON object is needed")
	}
	o := &object{}
	o.parse("", data)
	return o, o.err
}

// object is a JSON object whose members are taken out by exact name and type.
// It keeps the first thing that is wrong, to be asked for once at the end.
// Members that nobody asks for are ignored, and null is as good as absent.
type object struct {
	path    string
	members []rawMember
	err     error
}

func (o *object) parse(path string, data []byte) {
	o.path = path
	members, err := membersOf(data)
	if err != nil {
		o.err = noObject(o.at(""), data)
		return
	}
	o.members = members
}

// at is the path to a member, for messages.
func (o *object) at(name string) string {
	switch {
	case name == "" && o.path == "":
		return "body"
	case name == "":
		return o.path
	case o.path == "":
		return name
	default:
		return o.path + "." + name
	}
}

func (o *object) wrong(name, format string, args ...any) {
	if o.err == nil {
		o.err = fault.Field(o.at(name), format, args...)
	}
}

// optional reads a member into v; false when it is absent.
func (o *object) optional(name, wanted string, v any) bool {
	raw := o.raw(name)
	if raw == nil || o.err != nil {
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		o.wrong(name, "must be %s, found %s", wanted, kindOf(raw))
		return false
	}
	return true
}

// taken is a member as decode reads it; the zero value when it is absent, or another kind.
func taken[T any](o *object, name, wanted string, decode func([]byte) (T, error)) (none T) {
	raw := o.raw(name)
	if raw == nil || o.err != nil {
		return none
	}
	v, err := decode(raw)
	if err != nil {
		o.wrong(name, "must be %s, found %s", wanted, kindOf(raw))
		return none
	}
	return v
}

// required is optional, and refuses absence.
func (o *object) required(name, wanted string, v any) {
	if !o.optional(name, wanted, v) {
		o.wrong(name, "is missing; %s is needed", wanted)
	}
}

// raw is a member as it was sent, the last of its name; nil when it is absent.
func (o *object) raw(name string) json.RawMessage {
	for i := len(o.members) - 1; i >= 0; i-- {
		if m := &o.members[i]; m.name == name {
			return nonNull(m.value)
		}
	}
	return nil
}

func nonNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// needed is a member as it was sent, which must be there.
func (o *object) needed(name, wanted string) json.RawMessage {
	raw := o.raw(name)
	if raw == nil {
		o.wrong(name, "is missing; %s is needed", wanted)
	}
	return raw
}

func (o *object) text(name string) string {
	o.needed(name, "a string")
	return o.optionalText(name)
}

func (o *object) optionalText(name string) string { return taken(o, name, "a string", span.Unquote) }

func (o *object) flag(name string) bool {
	var b bool
	o.optional(name, "a boolean", &b)
	return b
}

// list is a required array, its elements as they were sent.
func (o *object) list(name string) []json.RawMessage {
	o.needed(name, "an array")
	return o.optionalList(name)
}

func (o *object) optionalList(name string) []json.RawMessage {
	return taken(o, name, "an array", span.Elements[json.RawMessage])
}

// texts is an array of strings; a null among them is refused.
func (o *object) texts(name string, raw []json.RawMessage) []string {
	texts := make([]string, 0, len(raw))
	for i, element := range raw {
		s, err := span.Unquote(element)
		if err != nil {
			o.wrong(fmt.Sprintf("%s[%d]", name, i), "must be a string, found %s", kindOf(element))
			return nil
		}
		texts = append(texts, s)
	}
	return texts
}

// textMap is an object of strings; nil when it is absent.
func (o *object) textMap(name string) map[string]string {
	members := taken(o, name, "an object of strings", membersOf)
	if members == nil {
		return nil
	}
	m := make(map[string]string, len(members))
	for _, member := range members {
		s, err := span.Unquote(member.value)
		if err != nil {
			o.wrong(name+"."+clip(member.name), "must be a string, found %s", kindOf(member.value))
			return nil
		}
		m[member.name] = s
	}
	return m
}

// child is a required member that is an object itself.
func (o *object) child(name string) *object {
	c := &object{path: o.at(name)}
	raw := o.needed(name, "an object")
	if o.err == nil {
		c.parse(c.path, raw)
		o.err = c.err
	}
	return c
}

// take makes what went wrong in a child the parent's.
func (o *object) take(c *object) {
	if o.err == nil {
		o.err = c.err
	}
}

func (o *object) namespace(name string) catalog.Namespace {
	ns := catalog.Namespace(o.texts(name, o.list(name)))
	if o.err == nil {
		o.err = ns.Validate()
	}
	return ns
}

// identifier is a member that names a table or view.
func (o *object) identifier(name string) catalog.TableIdentifier {
	c := o.child(name)
	id := catalog.TableIdentifier{Namespace: c.namespace("namespace"), Name: c.text("name")}
	if c.err == nil {
		c.err = id.Validate()
	}
	o.take(c)
	return id
}

// named refuses a body that names another table or view than the path.
func (o *object) named(path catalog.TableIdentifier) {
	if o.raw("identifier") == nil {
		return
	}
	if id := o.identifier("identifier"); o.err == nil && !id.Equal(path) {
		o.wrong("identifier", "is %s, the path says %s", id, path)
	}
}

// kindOf is what a JSON value is, for messages; never what is in it.
func kindOf(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}
