package rpc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/seal"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// Limits of a storage profile.
const (
	maxSecretBytes  = 16 << 10 // a service account's key is about 2 KiB
	maxAllowedRoots = 100
)

// probeTimeout bounds the trial of a warehouse's storage.
const probeTimeout = 25 * time.Second

// Profiles are how storage profiles become what is stored.
type Profiles struct {
	// Ring seals secrets; without one there can be none.
	Ring *seal.Ring
	// Prober tries storage; without one no warehouse can have any of its own.
	Prober htsv1.ProbeServiceClient
}

// admit makes of a profile what is stored for a warehouse, after its storage was
// tried. Secrets that the profile does not give are those that were kept, for the
// same place.
func (p Profiles) admit(ctx context.Context, w *htsv1.Warehouse, kept *housetable.Storage) (*housetable.Storage, error) {
	if err := checkProfile("storage", w.GetStorage()); err != nil {
		return nil, err
	}
	profile := proto.CloneOf(w.GetStorage())
	sealed, err := p.sealed(w.GetName(), profile, kept)
	if err != nil {
		return nil, err
	}
	profile.Sealed, profile.Secrets = nil, nil
	text, err := protojson.Marshal(profile)
	if err != nil {
		return nil, fmt.Errorf("encode a storage profile: %w", err)
	}
	stored := &housetable.Storage{Profile: string(text), Sealed: sealed}
	stored.Roots, err = p.probe(ctx, w, stored)
	return stored, err
}

// sealed takes the secrets out of a profile and seals them.
func (p Profiles) sealed(warehouse string, profile *htsv1.StorageProfile, kept *housetable.Storage) (map[string]string, error) {
	sealed := map[string]string{}
	for _, s := range secretsOf(profile) {
		value, given := s.take()
		switch {
		case !given && kept != nil && kept.Sealed[s.name] != "":
			if err := checkMoved(s.name, profile, kept); err != nil {
				return nil, err
			}
			sealed[s.name] = kept.Sealed[s.name]
		case value == "":
		case len(value) > maxSecretBytes:
			return nil, fault.Field("storage."+s.name, "is %d bytes long, %d are allowed", len(value), maxSecretBytes)
		default:
			var err error
			if sealed[s.name], err = p.Ring.Seal(value, warehouse, s.name); err != nil {
				return nil, fault.Field("storage."+s.name, "cannot be kept without seal-keys or seal-keys-file, a setting of the house table service and the catalog service: there is no key to seal it with")
			}
		}
	}
	return sealed, firstError(checkPairs(profile, sealed), checkStrangers(profile, sealed))
}

// checkPairs refuses half a key.
func checkPairs(profile *htsv1.StorageProfile, sealed map[string]string) error {
	s3 := profile.GetS3()
	if s3 == nil {
		return nil
	}
	if (s3.GetAccessKeyId() == "") != (sealed["s3.secret_access_key"] == "") {
		return fault.Field("storage.s3", "access_key_id and secret_access_key go together: one of them is missing; an empty secret_access_key takes it away")
	}
	if (s3.GetClientAccessKeyId() == "") != (sealed["s3.client_secret_access_key"] == "") {
		return fault.Field("storage.s3", "client_access_key_id and client_secret_access_key go together: one of them is missing")
	}
	if s3.GetClientAccessKeyId() != "" && s3.GetRoleArn() != "" {
		return fault.Field("storage.s3", "role_arn makes keys for clients, and client_access_key_id is one: only one of them can be given")
	}
	return nil
}

// probe has storage tried and returns its roots.
func (p Profiles) probe(ctx context.Context, w *htsv1.Warehouse, stored *housetable.Storage) ([]string, error) {
	if p.Prober == nil {
		return nil, fault.Field("storage", "cannot be tried without prober, a setting of the house table service: the address at which the catalog service answers it")
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	tried := &htsv1.Warehouse{Name: w.GetName(), Location: w.GetLocation(), Storage: toStorage(stored)}
	answer, err := p.Prober.ProbeStorage(ctx, &htsv1.ProbeStorageRequest{Warehouse: tried})
	if err != nil {
		return nil, fault.FromStatus(err, fault.Unavailable)
	}
	roots := answer.GetRoots()
	if len(roots) == 0 || len(roots) > maxAllowedRoots+1 {
		return nil, fault.New(fault.Internal, "the prober tells of %d roots", len(roots))
	}
	return roots, nil
}

// reseal seals what is kept anew, with the first key.
func (p Profiles) reseal(warehouse string, stored housetable.Storage) (*housetable.Storage, error) {
	stored.Sealed = maps.Clone(stored.Sealed)
	for name, sealed := range stored.Sealed {
		secret, err := p.Ring.Open(sealed, warehouse, name)
		if err == nil {
			stored.Sealed[name], err = p.Ring.Seal(secret, warehouse, name)
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "storage.%s of warehouse %q cannot be sealed anew: %v", name, warehouse, err)
		}
	}
	return &stored, nil
}

// toStorage is a profile with its secrets sealed; nil for none. One that cannot be
// read is of a later build, and none that this one could serve.
func toStorage(s *housetable.Storage) *htsv1.StorageProfile {
	if s == nil {
		return nil
	}
	profile := &htsv1.StorageProfile{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal([]byte(s.Profile), profile); err != nil {
		profile = &htsv1.StorageProfile{}
	}
	profile.Sealed, profile.Secrets = s.Sealed, slices.Sorted(maps.Keys(s.Sealed))
	return profile
}

// secret is a field of a profile that is marked as redacted.
type secret struct {
	// name is the path to it: "s3.secret_access_key".
	name  string
	of    protoreflect.Message
	field protoreflect.FieldDescriptor
}

// take empties the field.
func (s secret) take() (value string, given bool) {
	if !s.of.Has(s.field) {
		return "", false
	}
	value = s.of.Get(s.field).String()
	s.of.Clear(s.field)
	return value, true
}

// secretsOf are the fields that could hold a secret in the profile's store.
func secretsOf(profile *htsv1.StorageProfile) []secret {
	m := profile.ProtoReflect()
	chosen := m.WhichOneof(m.Descriptor().Oneofs().ByName("store"))
	if chosen == nil {
		return nil
	}
	var found []secret
	of := m.Get(chosen).Message()
	for i := range of.Descriptor().Fields().Len() {
		field := of.Descriptor().Fields().Get(i)
		if options, ok := field.Options().(*descriptorpb.FieldOptions); ok && options.GetDebugRedact() {
			found = append(found, secret{name: string(chosen.Name()) + "." + string(field.Name()), of: of, field: field})
		}
	}
	return found
}

// checkProfile refuses what no store could be reached by.
func checkProfile(field string, p *htsv1.StorageProfile) error {
	errs := []error{}
	if p.GetStore() == nil {
		errs = append(errs, fault.Field(field, "names no store: one of local, s3, gcs, adls is needed"))
	}
	if len(p.GetAllowedRoots()) > maxAllowedRoots {
		errs = append(errs, fault.Field(field+".allowed_roots", "are %d, %d are allowed", len(p.GetAllowedRoots()), maxAllowedRoots))
	}
	for i, root := range p.GetAllowedRoots() {
		errs = append(errs, checkLocation(fmt.Sprintf("%s.allowed_roots[%d]", field, i), root))
	}
	if _, known := htsv1.DelegationPolicy_name[int32(p.GetDelegation())]; !known {
		errs = append(errs, fault.Field(field+".delegation", "must be NEVER, ON_REQUEST or ALWAYS"))
	}
	const least, most = 30 * 60, 12 * 60 * 60
	if life := p.GetKeyLifeSeconds(); life != 0 && (life < least || life > most) {
		errs = append(errs, fault.Field(field+".key_life_seconds", "is %d, allowed is from %d to %d", life, least, most))
	}
	errs = append(errs, checkStore(field, p.ProtoReflect()), checkHosts(field, p))
	return firstError(errs...)
}

// checkStore bounds the texts of the profile's store that are no secrets.
func checkStore(field string, m protoreflect.Message) (err error) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		path := field + "." + string(f.Name())
		options, _ := f.Options().(*descriptorpb.FieldOptions)
		switch {
		case options.GetDebugRedact() || f.IsList() || f.IsMap():
		case f.Kind() == protoreflect.MessageKind:
			err = checkStore(path, v.Message())
		case isEndpoint(f):
			err = errors.Join(checkText(path, v.String(), maxTextBytes), checkURL(path, v.String()))
		case f.Kind() == protoreflect.StringKind:
			err = checkText(path, v.String(), maxTextBytes)
		}
		return err == nil
	})
	return err
}

// checkURL refuses what is no address of a server; credentials in one would be
// kept in the open.
func checkURL(field, address string) error {
	rest, https := strings.CutPrefix(address, "https://")
	if !https {
		var plain bool
		if rest, plain = strings.CutPrefix(address, "http://"); !plain {
			return fault.Field(field, "must begin with https:// or http://")
		}
	}
	if rest == "" || strings.ContainsAny(rest, "@?# ") {
		return fault.Field(field, "must be a URL without user, query and fragment")
	}
	return nil
}
