package catalog

import (
	"fmt"
	"log/slog"
	"time"
)

// StorageProfile is which store a warehouse lies in, as whom its files are asked
// for, and what clients get to reach them. At least one of the stores is set.
type StorageProfile struct {
	Local *LocalStorage
	S3    *S3Storage
	GCS   *GCSStorage
	ADLS  *ADLSStorage
	// AllowedRoots are further places where tables may lie.
	AllowedRoots []string
	// Delegation is when clients get access to files; on request when empty.
	Delegation DelegationPolicy
	// KeyLife is how long such keys live, from 30 minutes to 12 hours.
	KeyLife time.Duration
	// Sealed are the secrets of the store that are not opened yet, by the names of
	// their fields.
	Sealed map[string]string
}

// Opened is the profile with its secrets, which open opens by the names of their fields.
func (p StorageProfile) Opened(open func(field, sealed string) (string, error)) (StorageProfile, error) {
	places := map[string]*Secret{}
	if p.S3 != nil {
		s3 := *p.S3
		p.S3 = &s3
		places["s3.secret_access_key"], places["s3.client_secret_access_key"] = &s3.SecretAccessKey, &s3.ClientSecretKey
	}
	if p.GCS != nil {
		gcs := *p.GCS
		p.GCS = &gcs
		places["gcs.service_account"] = &gcs.ServiceAccount
	}
	if p.ADLS != nil {
		adls := *p.ADLS
		p.ADLS = &adls
		places["adls.account_key"] = &adls.AccountKey
	}
	for field, sealed := range p.Sealed {
		place, known := places[field]
		if !known {
			return p, fmt.Errorf("a secret %s is not of the store", field)
		}
		secret, err := open(field, sealed)
		if err != nil {
			return p, fmt.Errorf("open secret %s: %w", field, err)
		}
		*place = Secret(secret)
	}
	p.Sealed = nil
	return p, nil
}

// LocalStorage is this machine's file system.
type LocalStorage struct {
	// Folders that may be used; none means all.
	Folders []string
}

// S3Storage is S3, or whatever speaks its protocol. Empty fields are as AWS's
// tools find them.
type S3Storage struct {
	Endpoint, Region string
	PathStyle        bool
	// AccessKeyID and SecretAccessKey are a key of the warehouse's own; without one
	// credentials are those of the process.
	AccessKeyID     string
	SecretAccessKey Secret
	// RoleARN is assumed, at STSEndpoint, to make keys for clients.
	RoleARN, ExternalID, STSEndpoint string
	// ClientKeyID and ClientSecretKey are a key that clients are given as it is, for
	// stores that cannot narrow one. Without it or a role they are given none.
	ClientKeyID     string
	ClientSecretKey Secret
}

// GCSStorage is Google Cloud Storage.
type GCSStorage struct {
	Endpoint string
	// ServiceAccount is the key of one, as JSON; without it credentials are those of
	// the process.
	ServiceAccount Secret
	// VendedTokens has our token narrowed for clients, at STSEndpoint.
	VendedTokens bool
	STSEndpoint  string
}

// ADLSStorage is one storage account of Azure.
type ADLSStorage struct {
	Account, Endpoint string
	// AccountKey is its shared key; without it credentials are those of the process.
	AccountKey Secret
	// VendedSAS has clients' access signed for.
	VendedSAS bool
}

// Secret does not show what it is where it is printed or logged.
type Secret string

const hidden = "(secret)"

// String implements fmt.Stringer.
func (Secret) String() string { return hidden }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return hidden }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
