package rest_test

import (
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/idptest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// lag is how old what is decided by may be in guarded worlds.
const lag = 200 * time.Millisecond

// guarded is a world where people have tokens and rights. corp:root administers.
type guarded struct {
	*world

	corp, other *idptest.Provider
	tokens      map[string]string
}

func newGuarded(t *testing.T, change ...func(*choices)) *guarded {
	t.Helper()
	g := &guarded{corp: idptest.New(t), other: idptest.New(t), tokens: map[string]string{}}
	door, err := authn.Settings{
		AuthIssuers: []string{"corp=" + g.corp.URL, "other=" + g.other.URL}, AuthAudiences: []string{"igloo"}, AuthGroupsClaim: "groups",
	}.Authenticator(authn.Doors{})
	check(t, err)
	g.world = newSilentWorld(t, append([]func(*choices){func(c *choices) {
		c.door = door
		c.decides = func(source authz.Source) authz.Decider {
			follower := authz.NewFollower(source, lag)
			t.Cleanup(func() { check(t, follower.Close()) })
			grants, err := authz.NewGrants(follower, authz.User("corp:root"))
			check(t, err)
			return grants
		}
	}}, change...)...)
	return g
}

// as is the header by which somebody of corp says who they are.
func (g *guarded) as(t *testing.T, subject string) []string {
	t.Helper()
	if g.tokens[subject] == "" {
		g.tokens[subject] = g.corp.Token(t, idptest.Claims{"sub": subject})
	}
	return []string{"Authorization", "Bearer " + g.tokens[subject]}
}

// root does what has to succeed.
func (g *guarded) root(t *testing.T, method, path, body string) map[string]any {
	t.Helper()
	return g.must(t, method, path, body, g.as(t, "root")...)
}

// give grants, whatever has been decided by before.
func (g *guarded) give(t *testing.T, grantee string, privilege authz.Privilege, on *htsv1.AccessObject) {
	t.Helper()
	_, err := g.hts.Grant(t.Context(), &htsv1.GrantRequest{Grants: []*htsv1.Grant{{Grantee: grantee, Privilege: privilege.String(), Object: on}}})
	check(t, err)
}

// take revokes what ann was granted.
func (g *guarded) take(t *testing.T, privilege authz.Privilege, on *htsv1.AccessObject) {
	t.Helper()
	_, err := g.hts.Revoke(t.Context(), &htsv1.RevokeRequest{Grants: []*htsv1.Grant{{Grantee: ann, Privilege: privilege.String(), Object: on}}})
	check(t, err)
}

// settle waits until all decisions are by what is granted now.
func (g *guarded) settle() { time.Sleep(2 * lag) }
