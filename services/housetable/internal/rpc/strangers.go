package rpc

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// A region and a storage account are names in the host that requests go to.
var (
	regionName  = regexp.MustCompile(`^[A-Za-z0-9-]{0,63}$`)
	accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)
)

// Where the tokens of an identity may be shown: at its maker's.
var (
	googleHosts = []string{".googleapis.com"}
	azureHosts  = []string{".core.windows.net", ".core.chinacloudapi.cn", ".core.usgovcloudapi.net", ".storage.azure.net"}
)

// checkHosts refuses names that would make another host of the store's own.
func checkHosts(field string, p *htsv1.StorageProfile) error {
	if region := p.GetS3().GetRegion(); !regionName.MatchString(region) {
		return fault.Field(field+".s3.region", "is %q, allowed are letters, digits and '-'", region)
	}
	if adls := p.GetAdls(); adls != nil && !accountName.MatchString(adls.GetAccount()) {
		return fault.Field(field+".adls.account", "is %q, allowed are 3 to 24 lower-case letters and digits", adls.GetAccount())
	}
	return nil
}

// checkStrangers refuses profiles by which a stranger would be shown a token of the
// catalog service's own identity: whoever has such a token may do all that the
// identity may. A key of S3 only signs, and is shown to nobody.
func checkStrangers(p *htsv1.StorageProfile, sealed map[string]string) error {
	const rule = "is %q, where the catalog service's own identity is shown to nobody: give %s, or leave it to the store's maker"
	if to := p.GetAdls().GetEndpoint(); sealed["adls.account_key"] == "" && !isOf(to, azureHosts) {
		return fault.Field("storage.adls.endpoint", rule, to, "account_key")
	}
	if to := p.GetGcs().GetStsEndpoint(); sealed["gcs.service_account"] == "" && !isOf(to, googleHosts) {
		return fault.Field("storage.gcs.sts_endpoint", rule, to, "service_account")
	}
	return nil
}

// isOf reports whether an endpoint is a maker's own, as the one that is not set is.
func isOf(endpoint string, hosts []string) bool {
	if endpoint == "" {
		return true
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" {
		return false
	}
	for _, host := range hosts {
		if strings.HasSuffix(strings.ToLower(u.Hostname()), host) {
			return true
		}
	}
	return false
}
