package server

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// Storage is how the service reaches the stores that its roots lie in. Without a
// key of its own it looks for credentials where the tools of the store's maker do:
// in the environment, in shared files, at the identity of the machine or pod.
type Storage struct {
	S3Endpoint        string `name:"s3-endpoint" env:"IGLOO_S3_ENDPOINT" help:"URL of a server that speaks S3; AWS's own without one." placeholder:"https://…"`
	S3Region          string `name:"s3-region" env:"IGLOO_S3_REGION" help:"Region of the buckets; what AWS's tools are told (AWS_REGION, shared files) without one."`
	S3PathStyle       bool   `name:"s3-path-style" env:"IGLOO_S3_PATH_STYLE" help:"Name the bucket in the path of a request instead of its host, as most servers but AWS's want it."`
	S3AccessKeyID     string `name:"s3-access-key-id" env:"IGLOO_S3_ACCESS_KEY_ID" help:"Id of the key to S3; what AWS's tools find without one. Goes with s3-secret-access-key."`
	S3SecretAccessKey string `name:"s3-secret-access-key" env:"IGLOO_S3_SECRET_ACCESS_KEY" help:"The key to S3." secret:""`
	S3RoleARN         string `name:"s3-role-arn" env:"IGLOO_S3_ROLE_ARN" help:"Role that is assumed to make keys for clients, each for the files of one table; without one they are made none. Not together with s3-client-access-key-id." placeholder:"arn:aws:iam::…"`
	S3ExternalID      string `name:"s3-external-id" env:"IGLOO_S3_EXTERNAL_ID" help:"External id that the role asks for, where its policy does."`
	S3STSEndpoint     string `name:"s3-sts-endpoint" env:"IGLOO_S3_STS_ENDPOINT" help:"URL of the token service that the role is assumed at; AWS's own without one." placeholder:"https://…"`
	S3ClientKeyID     string `name:"s3-client-access-key-id" env:"IGLOO_S3_CLIENT_ACCESS_KEY_ID" help:"Id of a key to S3 that clients are given as it is, for stores that cannot narrow one: it opens to each of them whatever the store lets it open, not one table alone. Goes with s3-client-secret-access-key."`
	S3ClientSecretKey string `name:"s3-client-secret-access-key" env:"IGLOO_S3_CLIENT_SECRET_ACCESS_KEY" help:"The key that clients are given as it is." secret:""`
	GCSEndpoint       string `name:"gcs-endpoint" env:"IGLOO_GCS_ENDPOINT" help:"URL of a server that speaks the protocol of Google Cloud Storage; Google's own without one." placeholder:"https://…"`
	GCSServiceAccount string `name:"gcs-service-account" env:"IGLOO_GCS_SERVICE_ACCOUNT" help:"File with the key of a service account of Google; what Google's tools find without one." placeholder:"FILE"`
	GCSVendedTokens   bool   `name:"gcs-vended-tokens" env:"IGLOO_GCS_VENDED_TOKENS" help:"Have our token to Google's storage narrowed for clients, each time to the files of one table; else they are given none."`
	GCSSTSEndpoint    string `name:"gcs-sts-endpoint" env:"IGLOO_GCS_STS_ENDPOINT" help:"URL of the token service that narrows it; Google's own without one." placeholder:"https://…"`
	ADLSAccount       string `name:"adls-account" env:"IGLOO_ADLS_ACCOUNT" help:"Storage account of Azure that roots of abfss://… lie in, which need it."`
	ADLSEndpoint      string `name:"adls-endpoint" env:"IGLOO_ADLS_ENDPOINT" help:"URL of the account's blob service; Azure's own without one." placeholder:"https://…"`
	ADLSAccountKey    string `name:"adls-account-key" env:"IGLOO_ADLS_ACCOUNT_KEY" help:"The account's shared key; what Azure's tools find without one." secret:""`
	ADLSVendedSAS     bool   `name:"adls-vended-sas" env:"IGLOO_ADLS_VENDED_SAS" help:"Sign for clients, each time for the folder of one table, in accounts with a hierarchical namespace; else they are given nothing."`

	Delegation     string        `default:"on-request" enum:"never,on-request,always" env:"IGLOO_DELEGATION" help:"Give clients keys to tables' files never, when they say that they can work with them (on-request), or always."`
	DelegationLife time.Duration `default:"1h" env:"IGLOO_DELEGATION_LIFE" help:"Let such keys live this long. Roles of AWS have a limit of their own, an hour as a rule." allowed:"30m to 12h; 0s stands for the default"`
}

// Check refuses settings that cannot work. pkg/settings calls it.
func (s Storage) Check() error {
	if (s.S3AccessKeyID == "") != (s.S3SecretAccessKey == "") {
		return errors.New("s3-access-key-id and s3-secret-access-key go together: one of them is missing")
	}
	if (s.S3ClientKeyID == "") != (s.S3ClientSecretKey == "") {
		return errors.New("s3-client-access-key-id and s3-client-secret-access-key go together: one of them is missing")
	}
	if s.S3ClientKeyID != "" && s.S3RoleARN != "" {
		return errors.New("s3-role-arn makes keys for clients, and s3-client-access-key-id is one: only one of them can be given")
	}
	if s.DelegationLife != 0 && (s.DelegationLife < minKeyLife || s.DelegationLife > maxKeyLife) {
		return fmt.Errorf("delegation-life is %s, allowed is from %s to %s", s.DelegationLife, minKeyLife, maxKeyLife)
	}
	return nil
}

// What roles allow, and clients need to renew in time.
const (
	minKeyLife = 30 * time.Minute
	maxKeyLife = 12 * time.Hour
)

// profile is the one of warehouses without their own: the stores that the roots
// lie in, and no others.
func (c Config) profile() (catalog.StorageProfile, error) {
	p := catalog.StorageProfile{AllowedRoots: c.AllowedRoots, Delegation: catalog.DelegationPolicy(c.Delegation), KeyLife: c.DelegationLife}
	for _, root := range c.roots() {
		switch objectstore.StoreOf(root) {
		case "s3":
			p.S3 = c.s3()
		case "gs":
			account, err := c.serviceAccount()
			if err != nil {
				return p, err
			}
			p.GCS = &catalog.GCSStorage{
				Endpoint: c.GCSEndpoint, ServiceAccount: account, VendedTokens: c.GCSVendedTokens, STSEndpoint: c.GCSSTSEndpoint,
			}
		case "abfs":
			p.ADLS = &catalog.ADLSStorage{
				Account: c.ADLSAccount, Endpoint: c.ADLSEndpoint, AccountKey: catalog.Secret(c.ADLSAccountKey), VendedSAS: c.ADLSVendedSAS,
			}
		default:
			p.Local = &catalog.LocalStorage{Folders: c.folders()}
		}
	}
	return p, nil
}

func (s Storage) s3() *catalog.S3Storage {
	return &catalog.S3Storage{
		Endpoint: s.S3Endpoint, Region: s.S3Region, PathStyle: s.S3PathStyle,
		AccessKeyID: s.S3AccessKeyID, SecretAccessKey: catalog.Secret(s.S3SecretAccessKey),
		RoleARN: s.S3RoleARN, ExternalID: s.S3ExternalID, STSEndpoint: s.S3STSEndpoint,
		ClientKeyID: s.S3ClientKeyID, ClientSecretKey: catalog.Secret(s.S3ClientSecretKey),
	}
}

func (s Storage) serviceAccount() (catalog.Secret, error) {
	if s.GCSServiceAccount == "" {
		return "", nil
	}
	key, err := os.ReadFile(s.GCSServiceAccount)
	if err != nil {
		return "", fmt.Errorf("gcs-service-account: %w", err)
	}
	return catalog.Secret(key), nil
}
