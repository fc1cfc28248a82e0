package authn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Settings are what an operator says about who is let in.
type Settings struct {
	AuthIssuers          []string      `name:"auth-issuer" env:"IGLOO_AUTH_ISSUERS" live:"" help:"Believe the tokens (OIDC) of this issuer; the name stands before the subject wherever somebody is named. Its keys are fetched from the URL when the first token comes, and again when one is signed by an unknown key. May be given several times; names and URLs differ." placeholder:"NAME=https://…"`
	AuthAudiences        []string      `name:"auth-audience" default:"igloo" env:"IGLOO_AUTH_AUDIENCES" live:"" help:"Believe tokens that are for this audience. May be given several times: any of them will do."`
	AuthGroupsClaim      string        `default:"groups" env:"IGLOO_AUTH_GROUPS_CLAIM" live:"" help:"Claim of tokens with the groups of their subject, which grants can be given to."`
	AuthClockSkew        time.Duration `default:"30s" env:"IGLOO_AUTH_CLOCK_SKEW" live:"" help:"Let clocks of issuers differ by this much when it is decided whether a token holds yet, or still." allowed:"0s to 10m"`
	AuthKubernetes       bool          `env:"IGLOO_AUTH_KUBERNETES" live:"" help:"Believe the tokens of service accounts of the cluster that this runs in, for the audience. They are named kubernetes:system:serviceaccount:NAMESPACE:NAME."`
	AllowUnauthenticated bool          `env:"IGLOO_ALLOW_UNAUTHENTICATED" help:"Let whoever reaches the address do everything, without a token. Without any issuer, and without this, only addresses of this machine's own are listened on."`
}

// Check refuses settings that cannot work.
func (s Settings) Check() error {
	_, err := s.issuers()
	if s.AuthClockSkew < 0 || s.AuthClockSkew > maxSkew {
		err = errors.Join(err, fmt.Errorf("auth-clock-skew is %s, allowed is up to %s", s.AuthClockSkew, maxSkew))
	}
	return err
}

// maxSkew is more than any clock differs that is kept at all.
const maxSkew = 10 * time.Minute

// On reports whether callers have to say who they are.
func (s Settings) On() bool { return len(s.AuthIssuers) > 0 || s.AuthKubernetes }

// Doors are where callers come in.
type Doors struct {
	// Addresses are listened on: "host:port".
	Addresses []string
	// Certificates are asked of callers there, at all of them.
	Certificates bool
}

// Authenticator is what checks tokens, those of further issuers too; nil where nobody
// has to say who they are. That is refused on addresses that others reach, but
// where it is asked for.
func (s Settings) Authenticator(doors Doors, further ...Issuer) (Authenticator, error) {
	if !s.On() && len(further) == 0 {
		if doors.Certificates {
			return certificatesOnly{}, nil
		}
		return nil, s.refuseOpenDoors(doors.Addresses)
	}
	issuers, err := s.trusted(further)
	if err != nil {
		return nil, err
	}
	bearer, err := NewBearer(issuers...)
	if err != nil {
		return nil, fmt.Errorf("auth-issuer: %w", err)
	}
	return bearer, nil
}

// ChangeIssuers has the authenticator that older settings made believe the issuers of these,
// and the further ones, from now on. Whether callers have to show tokens at all is for
// a restart: more than who is let in hangs on that. On errors nothing changes.
func (s Settings) ChangeIssuers(by Authenticator, further ...Issuer) error {
	if err := s.Check(); err != nil {
		return err
	}
	bearer, asks := by.(*Bearer)
	if asks != (s.On() || len(further) > 0) {
		return errors.New("auth-issuer, auth-kubernetes: whether callers have to show tokens can change at a restart alone")
	}
	if !asks {
		return nil
	}
	issuers, err := s.trusted(further)
	if err != nil {
		return err
	}
	if err := bearer.Change(issuers...); err != nil {
		return fmt.Errorf("auth-issuer: %w", err)
	}
	return nil
}

// trusted are all whose tokens are believed.
func (s Settings) trusted(further []Issuer) ([]Issuer, error) {
	issuers, err := s.issuers()
	if err != nil {
		return nil, err
	}
	issuers = append(issuers, further...)
	if s.AuthKubernetes {
		cluster, err := s.kubernetes(serviceAccount)
		if err != nil {
			return nil, fmt.Errorf("auth-kubernetes: %w", err)
		}
		issuers = append(issuers, cluster)
	}
	return issuers, nil
}

func (s Settings) refuseOpenDoors(addresses []string) error {
	for _, address := range addresses {
		if !s.AllowUnauthenticated && reachable(address) {
			return fmt.Errorf("%s can be reached from other machines, and nobody would have to say who they are: set auth-issuer, auth-kubernetes or tls-client-ca-file, or allow-unauthenticated if that is meant", address)
		}
	}
	return nil
}

// reachable reports whether others than this machine reach an address.
func reachable(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host != "localhost"
	}
	return !ip.IsLoopback()
}

func (s Settings) issuers() ([]Issuer, error) {
	var all []Issuer
	for _, text := range s.AuthIssuers {
		name, url, found := strings.Cut(text, "=")
		if !found {
			return nil, fmt.Errorf("auth-issuer is %q, allowed is NAME=https://…", text)
		}
		all = append(all, s.issuer(name, url))
	}
	return all, nil
}

func (s Settings) issuer(name, url string) Issuer {
	return Issuer{Name: name, URL: url, Audiences: s.AuthAudiences, GroupsClaim: s.AuthGroupsClaim, Skew: s.AuthClockSkew}
}
