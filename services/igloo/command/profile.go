package command

import (
	"slices"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// profileFlags are the storage profile of a warehouse: a file with all of it,
// flags for its fields, or a file and flags that change it. The names are those
// that the catalog service has for its own stores.
type profileFlags struct {
	File         string        `short:"f" help:"Read the storage profile from this file, YAML or JSON, with the fields that show -o json has under storage; - is the standard input." placeholder:"FILE"`
	Store        string        `enum:",local,s3,gcs,adls" default:"" help:"Store of the files: local, s3, gcs or adls; needed where no flag of the store's own is given."`
	AllowedRoots []string      `name:"allowed-root" sep:"none" help:"Location below which tables may lie besides the warehouse's own; may be given several times." placeholder:"s3://…"`
	Delegation   string        `enum:",never,on-request,always" default:"" help:"Give clients keys to tables' files never, on-request, or always."`
	KeyLife      time.Duration `help:"Let such keys live this long, from 30m to 12h."`

	S3   s3Flags   `embed:"" prefix:"s3-"`
	GCS  gcsFlags  `embed:"" prefix:"gcs-"`
	ADLS adlsFlags `embed:"" prefix:"adls-"`
}

type s3Flags struct {
	Endpoint              *string     `help:"URL of a server that speaks S3; AWS's own without one." placeholder:"https://…"`
	Region                *string     `help:"Region of the buckets."`
	PathStyle             *bool       `negatable:"" help:"Name the bucket in the path of a request instead of its host."`
	AccessKeyID           *string     `help:"Id of the warehouse's own key."`
	SecretAccessKey       secretFlags `embed:"" prefix:"secret-access-key-" set:"secret=secret of the warehouse's own key"`
	RoleARN               *string     `name:"role-arn" help:"Role that is assumed to make keys for clients." placeholder:"arn:aws:iam::…"`
	ExternalID            *string     `help:"External id that the role asks for."`
	STSEndpoint           *string     `name:"sts-endpoint" help:"URL of the token service that the role is assumed at." placeholder:"https://…"`
	ClientAccessKeyID     *string     `help:"Id of a key that clients are given as it is."`
	ClientSecretAccessKey secretFlags `embed:"" prefix:"client-secret-access-key-" set:"secret=secret of the key that clients are given"`
}

type gcsFlags struct {
	Endpoint       *string     `help:"URL of a server that speaks the protocol of Google Cloud Storage; Google's own without one." placeholder:"https://…"`
	ServiceAccount secretFlags `embed:"" prefix:"service-account-" set:"secret=key of a service account, as JSON"`
	VendedTokens   *bool       `negatable:"" help:"Have tokens narrowed for clients."`
	STSEndpoint    *string     `name:"sts-endpoint" help:"URL of the token service that narrows them." placeholder:"https://…"`
}

type adlsFlags struct {
	Account    *string     `help:"Storage account of Azure."`
	Endpoint   *string     `help:"URL of the account's blob service; Azure's own without one." placeholder:"https://…"`
	AccountKey secretFlags `embed:"" prefix:"account-key-" set:"secret=shared key of the account"`
	VendedSAS  *bool       `name:"vended-sas" negatable:"" help:"Sign access for clients."`
}

// given reports whether any flag is about the profile.
func (f profileFlags) given() bool {
	return f.File != "" || len(f.AllowedRoots) > 0 || f.Delegation != "" || f.KeyLife != 0 || len(f.stores()) > 0
}

// stores are those that flags are about.
func (f profileFlags) stores() []string {
	var named []string
	if f.Store != "" {
		named = append(named, f.Store)
	}
	for name, given := range map[string]bool{"s3": f.S3 != s3Flags{}, "gcs": f.GCS != gcsFlags{}, "adls": f.ADLS != adlsFlags{}} {
		if given && name != f.Store {
			named = append(named, name)
		}
	}
	slices.Sort(named)
	return named
}

// profile is what was read from the file, or what there was before where there is
// none, with what the flags say.
func (f profileFlags) profile(before *htsv1.StorageProfile, env *settings.Env) (*htsv1.StorageProfile, error) {
	stores := f.stores()
	if len(stores) > 1 {
		return nil, usage("the flags are about several stores: %s; a warehouse lies in one", strings.Join(stores, ", "))
	}
	profile := before
	if f.File != "" {
		var err error
		if profile, err = readProfile(f.File, env); err != nil {
			return nil, err
		}
	}
	if profile == nil {
		profile = &htsv1.StorageProfile{}
	}
	profile.Secrets, profile.Sealed = nil, nil // of answers alone
	f.common(profile)
	if len(stores) == 0 {
		return profile, nil
	}
	return profile, f.into(profile, stores[0], env)
}

// delegations are what the flag calls them.
var delegations = map[string]htsv1.DelegationPolicy{
	"never":      htsv1.DelegationPolicy_DELEGATION_POLICY_NEVER,
	"on-request": htsv1.DelegationPolicy_DELEGATION_POLICY_ON_REQUEST,
	"always":     htsv1.DelegationPolicy_DELEGATION_POLICY_ALWAYS,
}

func (f profileFlags) common(p *htsv1.StorageProfile) {
	if len(f.AllowedRoots) > 0 {
		p.AllowedRoots = f.AllowedRoots
	}
	if f.Delegation != "" {
		p.Delegation = delegations[f.Delegation]
	}
	if f.KeyLife != 0 {
		p.KeyLifeSeconds = int64(f.KeyLife / time.Second)
	}
}

// into sets the fields of a store, of a new one where the profile has another.
func (f profileFlags) into(p *htsv1.StorageProfile, store string, env *settings.Env) error {
	switch store {
	case "s3":
		s := orNew(p.GetS3())
		p.Store = &htsv1.StorageProfile_S3{S3: s}
		return f.S3.into(s, env)
	case "gcs":
		s := orNew(p.GetGcs())
		p.Store = &htsv1.StorageProfile_Gcs{Gcs: s}
		return f.GCS.into(s, env)
	case "adls":
		s := orNew(p.GetAdls())
		p.Store = &htsv1.StorageProfile_Adls{Adls: s}
		return f.ADLS.into(s, env)
	}
	p.Store = &htsv1.StorageProfile_Local{Local: orNew(p.GetLocal())}
	return nil
}

func (f s3Flags) into(s *htsv1.S3Storage, env *settings.Env) error {
	set(&s.Endpoint, f.Endpoint)
	set(&s.Region, f.Region)
	set(&s.PathStyle, f.PathStyle)
	set(&s.AccessKeyId, f.AccessKeyID)
	set(&s.RoleArn, f.RoleARN)
	set(&s.ExternalId, f.ExternalID)
	set(&s.StsEndpoint, f.STSEndpoint)
	set(&s.ClientAccessKeyId, f.ClientAccessKeyID)
	if err := f.SecretAccessKey.into(&s.SecretAccessKey, "s3-secret-access-key", env); err != nil {
		return err
	}
	return f.ClientSecretAccessKey.into(&s.ClientSecretAccessKey, "s3-client-secret-access-key", env)
}

func (f gcsFlags) into(s *htsv1.GcsStorage, env *settings.Env) error {
	set(&s.Endpoint, f.Endpoint)
	set(&s.VendedTokens, f.VendedTokens)
	set(&s.StsEndpoint, f.STSEndpoint)
	return f.ServiceAccount.into(&s.ServiceAccount, "gcs-service-account", env)
}

func (f adlsFlags) into(s *htsv1.AdlsStorage, env *settings.Env) error {
	set(&s.Account, f.Account)
	set(&s.Endpoint, f.Endpoint)
	set(&s.VendedSas, f.VendedSAS)
	return f.AccountKey.into(&s.AccountKey, "adls-account-key", env)
}

func set[T any](field, flag *T) {
	if flag != nil {
		*field = *flag
	}
}

func orNew[T any](store *T) *T {
	if store == nil {
		return new(T)
	}
	return store
}
