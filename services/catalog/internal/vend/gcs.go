package vend

import (
	"context"
	"strings"
	"time"

	"golang.org/x/oauth2/google/downscope"
)

// GCS makes keys to Google Cloud Storage: tokens of our own, narrowed to the
// table's files.
type GCS struct {
	tokens Narrower
	cfg    GCSConfig
}

var _ Issuer = (*GCS)(nil)

// Narrower narrows tokens: a gcs.TokenService has it.
type Narrower interface {
	// Narrow returns a token with which nothing can be done but what the rules
	// allow, and when it ends.
	Narrow(ctx context.Context, rules []downscope.AccessBoundaryRule) (token string, expires time.Time, err error)
}

// GCSConfig is what clients are told of the store.
type GCSConfig struct {
	// Project is Google's id of the project; may be empty.
	Project string
	// Endpoint is the URL of the service; Google's own when empty.
	Endpoint string
}

// NewGCS makes an issuer that has tokens narrowed.
func NewGCS(tokens Narrower, cfg GCSConfig) *GCS { return &GCS{tokens: tokens, cfg: cfg} }

// Static implements Issuer.
func (g *GCS) Static() map[string]string {
	config := map[string]string{}
	if g.cfg.Project != "" {
		config["gcs.project-id"] = g.cfg.Project
	}
	if g.cfg.Endpoint != "" {
		config["gcs.service.host"] = g.cfg.Endpoint
	}
	return config
}

// RefreshKey implements Issuer.
func (*GCS) RefreshKey() string { return "gcs.oauth2.refresh-credentials-endpoint" }

// Issue implements Issuer.
func (g *GCS) Issue(ctx context.Context, scope Scope) (Key, error) {
	token, expires, err := g.tokens.Narrow(ctx, boundary(scope))
	if err != nil {
		return Key{}, err
	}
	return Key{Expires: expires, Config: map[string]string{
		"gcs.oauth2.token":                       token,
		"gcs.oauth2.token-expires-at":            milliseconds(expires),
		"gcs.oauth2.refresh-credentials-enabled": "true",
	}}, nil
}

// boundary allows what the scope says and nothing else: objects by their names,
// and lists by the prefix that is asked for.
//
// https://cloud.google.com/iam/docs/downscoping-short-lived-credentials#limit-permissions
func boundary(scope Scope) []downscope.AccessBoundaryRule {
	role := "inRole:roles/storage.objectViewer"
	if scope.Write {
		role = "inRole:roles/storage.objectUser"
	}
	rules := make([]downscope.AccessBoundaryRule, len(scope.Locations))
	for i, location := range scope.Locations {
		_, rest, _ := strings.Cut(location, "://")
		bucket, folder, _ := strings.Cut(rest, "/")
		rules[i] = downscope.AccessBoundaryRule{
			AvailableResource:    "//storage.googleapis.com/projects/_/buckets/" + bucket,
			AvailablePermissions: []string{role},
			Condition: &downscope.AvailabilityCondition{
				Title: "files of a table",
				Expression: "resource.name.startsWith(" + quoted("projects/_/buckets/"+bucket+"/objects/"+folder+"/") + ")" +
					" || api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith(" + quoted(folder+"/") + ")",
			},
		}
	}
	return rules
}

// quoted is a string in the language of conditions, which is CEL.
func quoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
