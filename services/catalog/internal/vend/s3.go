package vend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// S3 makes keys to S3 by assuming a role, with a policy for the session that
// leaves of the role's rights those to the table's files.
type S3 struct {
	client *sts.Client
	cfg    S3Config
}

var _ Issuer = (*S3)(nil)

// S3Config is which role is assumed, and what clients are told of the store.
type S3Config struct {
	// RoleARN is the role: "arn:aws:iam::123456789012:role/tables".
	RoleARN string
	// ExternalID is what the role's owner asks for; may be empty.
	ExternalID string
	// Life of a key; roles allow from 15 minutes to 12 hours.
	Life time.Duration
	// Region, Endpoint and PathStyle are for clients, as for objectstore/s3.
	Region, Endpoint string
	PathStyle        bool
}

// NewS3 makes an issuer that asks the service behind client.
func NewS3(client *sts.Client, cfg S3Config) *S3 { return &S3{client: client, cfg: cfg} }

// Static implements Issuer.
func (s *S3) Static() map[string]string { return s.cfg.clients() }

// clients is what clients are told of the store.
func (c S3Config) clients() map[string]string {
	config := map[string]string{}
	if c.Region != "" {
		config["client.region"], config["s3.region"] = c.Region, c.Region
	}
	if c.Endpoint != "" {
		config["s3.endpoint"] = c.Endpoint
	}
	if c.PathStyle {
		config["s3.path-style-access"] = "true"
	}
	return config
}

// RefreshKey implements Issuer.
func (*S3) RefreshKey() string { return "client.refresh-credentials-endpoint" }

// Issue implements Issuer.
func (s *S3) Issue(ctx context.Context, scope Scope) (Key, error) {
	policy, err := json.Marshal(s3Policy(scope, partition(s.cfg.RoleARN)))
	if err != nil {
		return Key{}, fmt.Errorf("policy of a session: %w", err)
	}
	input := &sts.AssumeRoleInput{
		RoleArn: &s.cfg.RoleARN, RoleSessionName: &scope.Session,
		Policy: aws.String(string(policy)), DurationSeconds: aws.Int32(int32(s.cfg.Life / time.Second)),
	}
	if s.cfg.ExternalID != "" {
		input.ExternalId = &s.cfg.ExternalID
	}
	out, err := s.client.AssumeRole(ctx, input)
	if err != nil {
		return Key{}, unissued(err)
	}
	return s3Key(aws.ToString(out.Credentials.AccessKeyId), aws.ToString(out.Credentials.SecretAccessKey),
		aws.ToString(out.Credentials.SessionToken), aws.ToTime(out.Credentials.Expiration)), nil
}

// never is the end of a key that has none.
var never time.Time

func s3Key(id, secret, token string, expires time.Time) Key {
	config := map[string]string{"s3.access-key-id": id, "s3.secret-access-key": secret}
	if token != "" {
		config["s3.session-token"] = token
	}
	if !expires.IsZero() {
		config["s3.session-token-expires-at-ms"] = milliseconds(expires)
	}
	return Key{Config: config, Expires: expires}
}

func unissued(err error) error {
	answer, answered := errors.AsType[*awshttp.ResponseError](err)
	if answered && (answer.HTTPStatusCode() == http.StatusForbidden || answer.HTTPStatusCode() == http.StatusBadRequest) {
		return fault.Wrap(fault.Forbidden, err, "no key to the table's files: the token service refuses to let the role be assumed")
	}
	return fault.Wrap(fault.Unavailable, err, "no key to the table's files: the token service cannot be reached")
}

// document is a policy in AWS's language.
type document struct {
	Version   string
	Statement []statement
}

type statement struct {
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// s3Policy allows what the scope says and nothing else.
func s3Policy(scope Scope, partition string) document {
	objects := []string{"s3:GetObject", "s3:GetObjectVersion"}
	if scope.Write {
		objects = append(objects, "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
	}
	policy := document{Version: "2012-10-17"}
	for _, location := range scope.Locations {
		_, rest, _ := strings.Cut(location, "://")
		bucket, key, _ := strings.Cut(rest, "/")
		arn, folder := "arn:"+partition+":s3:::"+literal(bucket), literal(key)
		policy.Statement = append(policy.Statement,
			statement{Effect: "Allow", Action: objects, Resource: []string{arn + "/" + folder + "/*"}},
			statement{Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: []string{arn}, Condition: map[string]map[string][]string{
				"StringLike": {"s3:prefix": {folder + "/*"}},
			}},
			statement{Effect: "Allow", Action: []string{"s3:GetBucketLocation"}, Resource: []string{arn}},
		)
	}
	return policy
}

// literal keeps what a policy would take for a pattern or a variable from being one.
func literal(name string) string {
	return strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace(name)
}

// partition is the part of AWS that a role is in: "aws", "aws-cn", "aws-us-gov".
func partition(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 1 && parts[1] != "" {
		return parts[1]
	}
	return "aws"
}
