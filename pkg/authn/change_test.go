package authn_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/idptest"
)

func trusting(audience string, providers ...*idptest.Provider) []authn.Issuer {
	issuers := make([]authn.Issuer, 0, len(providers))
	for n, p := range providers {
		issuers = append(issuers, authn.Issuer{Name: []string{"corp", "partner"}[n], URL: p.URL, Audiences: []string{audience}})
	}
	return issuers
}

// TestIssuersChange: from one moment to the next others are believed, whatever was
// found out before; who stays is not asked again.
func TestIssuersChange(t *testing.T) {
	corp, partner := idptest.New(t), idptest.New(t)
	b := bearer(t, corp)
	ours, theirs := corp.Token(t, nil), partner.Token(t, nil)
	believed := func(step, token string, want bool) {
		t.Helper()
		if _, err := b.Authenticate(t.Context(), token); (err == nil) != want || err != nil && kindOf(err) != fault.Unauthenticated {
			t.Errorf("%s: believed is not %t: %v", step, want, err)
		}
	}
	believed("at first", ours, true)
	believed("at first", theirs, false)
	corp.Leave(true) // its keys are known

	if err := b.Change(trusting("igloo", corp, partner)...); err != nil {
		t.Fatal(err)
	}
	believed("both", ours, true)
	believed("both, one that was not seen", corp.Token(t, set{"sub": "bob"}), true)
	believed("both", theirs, true)

	for name, wrong := range map[string][]authn.Issuer{
		"none": nil, "twice": trusting("igloo", corp, corp), "no audience": {{Name: "corp", URL: corp.URL}},
	} {
		if err := b.Change(wrong...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	believed("after what is wrong", ours, true)
	believed("after what is wrong", theirs, true)

	if err := b.Change(trusting("others", corp, partner)...); err != nil {
		t.Fatal(err)
	}
	believed("for another audience", ours, false)
	if err := b.Change(trusting("igloo", corp)...); err != nil {
		t.Fatal(err)
	}
	believed("one again", ours, true)
	believed("one again", theirs, false)
}

// TestIssuersChangeUnderLoad: whoever is believed before and after is so all the time.
func TestIssuersChangeUnderLoad(t *testing.T) {
	corp, partner := idptest.New(t), idptest.New(t)
	b, token := bearer(t, corp), corp.Token(t, nil)
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for range 500 {
				if _, err := b.Authenticate(t.Context(), token); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 50 {
		if err := b.Change(trusting("igloo", []*idptest.Provider{corp, partner}[:1+n%2]...)...); err != nil {
			t.Fatal(err)
		}
	}
	asking.Wait()
}

// TestDoorsStayAsTheyAre: whether anybody has to show a token does not change.
func TestDoorsStayAsTheyAre(t *testing.T) {
	corp, doors := idptest.New(t), authn.Doors{Addresses: []string{"127.0.0.1:1"}}
	closed := authn.Settings{AuthIssuers: []string{"corp=" + corp.URL}, AuthAudiences: []string{"igloo"}}
	guarded, err := closed.Authenticator(doors)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		by    authn.Authenticator
		newer authn.Settings
		want  string
	}{
		"open, as before":   {nil, authn.Settings{}, ""},
		"closed, as before": {guarded, closed, ""},
		"to be closed":      {nil, closed, "at a restart alone"},
		"to be opened":      {guarded, authn.Settings{AllowUnauthenticated: true}, "at a restart alone"},
		"no name":           {guarded, authn.Settings{AuthIssuers: []string{corp.URL}, AuthAudiences: []string{"igloo"}}, "allowed is NAME=https://"},
		"no cluster":        {guarded, authn.Settings{AuthKubernetes: true, AuthAudiences: []string{"igloo"}}, "auth-kubernetes"},
	} {
		err := c.newer.ChangeIssuers(c.by)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := guarded.Authenticate(t.Context(), corp.Token(t, nil)); err != nil {
		t.Error(err)
	}
}
