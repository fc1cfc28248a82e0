package command

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"google.golang.org/protobuf/proto"

	"github.com/igloo-catalog/igloo/pkg/settings"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// TestFlagsOfAProfile: each says one field, and leaves the others as they were.
func TestFlagsOfAProfile(t *testing.T) {
	env := &settings.Env{LookupEnv: func(name string) (string, bool) { return "of " + name, true }}
	before := func() *htsv1.StorageProfile {
		return &htsv1.StorageProfile{
			Store:        &htsv1.StorageProfile_S3{S3: &htsv1.S3Storage{Endpoint: "https://e", PathStyle: true, AccessKeyId: "i"}},
			AllowedRoots: []string{"s3://r"}, Secrets: []string{"s3.secret_access_key"},
		}
	}
	for args, want := range map[string]*htsv1.StorageProfile{
		"--s3-region r --no-s3-path-style": {
			Store:        &htsv1.StorageProfile_S3{S3: &htsv1.S3Storage{Endpoint: "https://e", AccessKeyId: "i", Region: "r"}},
			AllowedRoots: []string{"s3://r"},
		},
		"--s3-endpoint= --s3-access-key-id j --s3-secret-access-key-env A --s3-client-access-key-id k --s3-client-secret-access-key-env B": {
			Store: &htsv1.StorageProfile_S3{S3: &htsv1.S3Storage{
				PathStyle: true, AccessKeyId: "j", SecretAccessKey: new("of A"), ClientAccessKeyId: "k", ClientSecretAccessKey: new("of B"),
			}},
			AllowedRoots: []string{"s3://r"},
		},
		"--s3-role-arn a --s3-external-id e --s3-sts-endpoint https://t --allowed-root s3://x --allowed-root s3://y,z": {
			Store:        &htsv1.StorageProfile_S3{S3: &htsv1.S3Storage{Endpoint: "https://e", PathStyle: true, AccessKeyId: "i", RoleArn: "a", ExternalId: "e", StsEndpoint: "https://t"}},
			AllowedRoots: []string{"s3://x", "s3://y,z"},
		},
		"--gcs-endpoint https://g --gcs-service-account-env C --gcs-vended-tokens --gcs-sts-endpoint https://t --delegation always --key-life 2h": {
			Store:        &htsv1.StorageProfile_Gcs{Gcs: &htsv1.GcsStorage{Endpoint: "https://g", ServiceAccount: new("of C"), VendedTokens: true, StsEndpoint: "https://t"}},
			AllowedRoots: []string{"s3://r"}, Delegation: htsv1.DelegationPolicy_DELEGATION_POLICY_ALWAYS, KeyLifeSeconds: 7200,
		},
		"--adls-account a --adls-endpoint https://z --adls-account-key-env D --adls-vended-sas --delegation on-request": {
			Store:        &htsv1.StorageProfile_Adls{Adls: &htsv1.AdlsStorage{Account: "a", Endpoint: "https://z", AccountKey: new("of D"), VendedSas: true}},
			AllowedRoots: []string{"s3://r"}, Delegation: htsv1.DelegationPolicy_DELEGATION_POLICY_ON_REQUEST,
		},
		"--store local": {Store: &htsv1.StorageProfile_Local{Local: &htsv1.LocalStorage{}}, AllowedRoots: []string{"s3://r"}},
	} {
		flags := &profileFlags{}
		parser, err := kong.New(flags)
		if err == nil {
			_, err = parser.Parse(strings.Fields(args))
		}
		if err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		got, err := flags.profile(before(), env)
		if err != nil || !flags.given() || !proto.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", args, got, err, want)
		}
	}
	if (profileFlags{}).given() {
		t.Error("no flag is taken for one")
	}
}

func TestConfirmation(t *testing.T) {
	for answer, meant := range map[string]bool{"y\n": true, "YES \n": true, "n\n": false, "\n": false, "": false, "yesterday\n": false} {
		var question strings.Builder
		err := asked("delete warehouse w", &settings.Env{Stdin: strings.NewReader(answer), Stderr: &question})
		if (err == nil) != meant || question.String() != "delete warehouse w? [y/N] " {
			t.Errorf("%q: %v, after %q", answer, err, &question)
		}
	}
}

// TestTextsMoveNoCursor: names and locations are what others chose.
func TestTextsMoveNoCursor(t *testing.T) {
	var out strings.Builder
	p := printer{to: &out, form: tableForm}
	if err := p.one([]byte(`{"location":"s3://b/\u001b[2J","n":12345678901234567890,"o":{"l":["a\nb","c"],"e":{},"none":null}}`)); err != nil {
		t.Fatal(err)
	}
	if want := "location  s3://b/\ufffd[2J\nn         12345678901234567890\no.l       a\ufffdb, c\no.e       {}\n"; out.String() != want {
		t.Errorf("%q, want %q", &out, want)
	}
}

// TestReasons are told with what leads to them: the object above, the grantee, the
// roles between, and those of a policy.
func TestReasons(t *testing.T) {
	for answer, want := range map[string]string{
		`{"allowed":true,"reasons":[
			{"because":"grant","object":{"kind":"namespace","warehouse":"default","databaseId":"a"},"grantee":"role:readers","privilege":"write","roles":["analysts","readers"]},
			{"because":"owner","object":{"kind":"table","warehouse":"default","databaseId":"a.b","tableId":"t"}},
			{"because":"administrator","object":{"kind":"server"},"grantee":"group:corp:admins","privilege":"own"},
			{"because":"policy","policy":"p1"}]}`: `corp:alice has select on table:a.b.t:
  grant: write on namespace:a, granted to role:readers, by role analysts → readers
  owner on table:a.b.t
  administrator: own on server, granted to group:corp:admins
  policy: p1
`,
		`{"allowed":false,"reasons":[]}`: "",
	} {
		var out strings.Builder
		c := &Explain{Principal: "corp:alice", Privilege: "select", objectFlags: objectFlags{Object: "table:a.b.t"}}
		err := c.tell(printer{to: &out, form: tableForm}, []byte(answer))
		if out.String() != want || (want == "") != (err != nil) {
			t.Errorf("%q, %v, want %q", &out, err, want)
		}
	}
}
