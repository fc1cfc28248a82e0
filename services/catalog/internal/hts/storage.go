package hts

import (
	"time"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// storageOf is a warehouse's profile, with its secrets sealed; nil for none.
func storageOf(w *htsv1.Warehouse) *catalog.StorageProfile {
	p := w.GetStorage()
	if p == nil {
		return nil
	}
	profile := &catalog.StorageProfile{
		AllowedRoots: p.GetAllowedRoots(), Delegation: policyOf(p.GetDelegation()),
		KeyLife: time.Duration(p.GetKeyLifeSeconds()) * time.Second, Sealed: p.GetSealed(),
	}
	switch store := p.GetStore().(type) {
	case *htsv1.StorageProfile_Local:
		profile.Local = &catalog.LocalStorage{Folders: append([]string{w.GetLocation()}, p.GetAllowedRoots()...)}
	case *htsv1.StorageProfile_S3:
		profile.S3 = s3Of(store.S3)
	case *htsv1.StorageProfile_Gcs:
		profile.GCS = &catalog.GCSStorage{
			Endpoint: store.Gcs.GetEndpoint(), VendedTokens: store.Gcs.GetVendedTokens(), STSEndpoint: store.Gcs.GetStsEndpoint(),
		}
	case *htsv1.StorageProfile_Adls:
		profile.ADLS = &catalog.ADLSStorage{
			Account: store.Adls.GetAccount(), Endpoint: store.Adls.GetEndpoint(), VendedSAS: store.Adls.GetVendedSas(),
		}
	}
	return profile
}

func s3Of(s *htsv1.S3Storage) *catalog.S3Storage {
	return &catalog.S3Storage{
		Endpoint: s.GetEndpoint(), Region: s.GetRegion(), PathStyle: s.GetPathStyle(), AccessKeyID: s.GetAccessKeyId(),
		RoleARN: s.GetRoleArn(), ExternalID: s.GetExternalId(), STSEndpoint: s.GetStsEndpoint(), ClientKeyID: s.GetClientAccessKeyId(),
	}
}

func policyOf(p htsv1.DelegationPolicy) catalog.DelegationPolicy {
	switch p {
	case htsv1.DelegationPolicy_DELEGATION_POLICY_NEVER:
		return catalog.DelegateNever
	case htsv1.DelegationPolicy_DELEGATION_POLICY_ALWAYS:
		return catalog.DelegateAlways
	default:
		return catalog.DelegateOnRequest
	}
}
