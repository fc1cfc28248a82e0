package command

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// maxProfileBytes is more than a request may have.
const maxProfileBytes = 1 << 20

// readProfile reads a storage profile as /hts has it, in YAML, of which JSON is a
// part. A field that is none is refused: left out it would be missed later.
func readProfile(path string, env *settings.Env) (*htsv1.StorageProfile, error) {
	content, err := profileText(path, env)
	if err != nil {
		return nil, usage("file: %w", err)
	}
	var fields map[string]any
	if err := yaml.Unmarshal(content, &fields); err != nil {
		return nil, usage("file: %s is no YAML or JSON object: %w", path, err)
	}
	profile := &htsv1.StorageProfile{}
	if err := checkFields("", fields, profile.ProtoReflect().Descriptor()); err != nil {
		return nil, usage("file: %s: %w", path, err)
	}
	text, err := json.Marshal(fields)
	if err == nil {
		err = protojson.Unmarshal(text, profile)
	}
	if err != nil {
		return nil, usage("file: %s is no storage profile: %s", path, printable(strings.ReplaceAll(err.Error(), "\u00a0", " ")))
	}
	return profile, nil
}

func profileText(path string, env *settings.Env) ([]byte, error) {
	if path == "-" {
		return readAll(env.Stdin, "the standard input", maxProfileBytes)
	}
	return readFile(path, maxProfileBytes)
}

// checkFields refuses what a message does not have. It says nothing of values,
// which may be secrets.
func checkFields(at string, fields map[string]any, message protoreflect.MessageDescriptor) error {
	for name, value := range fields {
		known := fieldNamed(message, name)
		if known == nil {
			return fmt.Errorf("%s%s is no field; allowed are %s", at, name, strings.Join(names(message), ", "))
		}
		if err := checkValue(at+name, value, known); err != nil {
			return err
		}
	}
	return nil
}

func checkValue(at string, value any, field protoreflect.FieldDescriptor) error {
	_, isText := value.(string)
	within, isObject := value.(map[string]any)
	switch single := !field.IsList() && value != nil; {
	case single && field.Kind() == protoreflect.StringKind && !isText:
		return fmt.Errorf("%s must be a text: one that looks like something else needs quotes", at)
	case single && field.Message() != nil && !isObject:
		return fmt.Errorf("%s must be an object with some of %s", at, strings.Join(names(field.Message()), ", "))
	case single && field.Message() != nil:
		return checkFields(at+".", within, field.Message())
	}
	return nil
}

func fieldNamed(message protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if field := message.Fields().ByJSONName(name); field != nil {
		return field
	}
	return message.Fields().ByTextName(name)
}

func names(message protoreflect.MessageDescriptor) []string {
	var all []string
	for i := range message.Fields().Len() {
		if name := message.Fields().Get(i).JSONName(); name != "sealed" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
