package catalog

import (
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
	// Delegation is when clients get keys to files: "never", "on-request" or "always".
	Delegation string
	// KeyLife is how long such keys live, from 30 minutes to 12 hours.
	KeyLife time.Duration
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
