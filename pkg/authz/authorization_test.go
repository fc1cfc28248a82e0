package authz_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

func TestWhatDecides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set           string
		authenticated bool
		want          string
	}{
		{"", true, "grants"},
		{"", false, "none"},
		{"none", true, "none"},
		{"none", false, "none"},
		{"grants", true, "grants"},
		{"grants", false, ""},
		{"cedar", true, "cedar"},
		{"cedar", false, ""},
	} {
		got, err := authz.Authorization{Authorization: c.set}.By(c.authenticated)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q, %t: %q, %v", c.set, c.authenticated, got, err)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]authz.Authorization{
		"authorization is":  {Authorization: "opa"},
		"names the file":    {Authorization: "cedar"},
		"neither is":        {AuthorizationPolicies: "policies.cedar"},
		"authorization-lag": {AuthorizationLag: time.Millisecond},
		"from 100ms to 1m":  {AuthorizationLag: time.Hour},
		"admin is":          {Admins: []string{"corp:alice", "alice"}},
		"group:ISSUER":      {Admins: []string{"group:corp"}},
		"ISSUER:SUBJECT":    {Admins: []string{"role:root"}},
	} {
		if err := a.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", a, err)
		}
	}
	good := authz.Authorization{Admins: []string{"corp:alice", "group:corp:ops", " kubernetes:system:serviceaccount:a:b"}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	admins, err := good.Administrators()
	want := []authz.Grantee{"user:corp:alice", "group:corp:ops", "user:kubernetes:system:serviceaccount:a:b"}
	if err != nil || !slices.Equal(admins, want) {
		t.Errorf("%v, %v", admins, err)
	}
}
