package adls

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

const (
	// maxSkew is how far Azure's clock may be behind ours.
	maxSkew = 5 * time.Minute
	// delegationReuse is for how long a delegated key signs, beyond what the first
	// signature asked for.
	delegationReuse = time.Hour
)

// ErrNoFolders means that the account has a flat namespace, where nothing can be
// signed that is narrower than a container.
var ErrNoFolders = errors.New("the storage account has no hierarchical namespace")

// Signer signs shared access signatures for folders of one account: with a key
// that Azure delegates to our identity, or with the account's own.
//
// https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
type Signer struct {
	store     *Store
	key       *azblob.SharedKeyCredential
	protocol  sas.Protocol
	delegated atomic.Pointer[delegated]
	folders   atomic.Bool // the account is known to have them
}

// delegated is a key that Azure lets us sign with for a while.
type delegated struct {
	key     *service.UserDelegationCredential
	expires time.Time
}

// NewSigner makes a signer; it connects when first used.
func NewSigner(cfg Config) (*Signer, error) {
	store, err := Open(cfg)
	if err != nil {
		return nil, err
	}
	s := &Signer{store: store, protocol: sas.ProtocolHTTPS}
	if strings.HasPrefix(cfg.Endpoint, "http://") {
		s.protocol = sas.ProtocolHTTPSandHTTP
	}
	if cfg.AccountKey != "" {
		s.key, err = azblob.NewSharedKeyCredential(cfg.Account, cfg.AccountKey)
	}
	return s, err
}

// Sign returns a signature for the files below a location, to read or to write
// them too, until expires. ErrNoFolders when the account knows none,
// fault.Forbidden and fault.Unavailable as other operations.
func (s *Signer) Sign(ctx context.Context, location string, write bool, expires time.Time) (string, error) {
	p, err := s.store.find(location)
	if err != nil {
		return "", err
	}
	if err := s.checkFolders(ctx, location); err != nil {
		return "", err
	}
	permissions := sas.BlobPermissions{Read: true, List: true, Add: write, Create: write, Write: write, Delete: write}
	values := sas.BlobSignatureValues{
		Protocol: s.protocol, ExpiryTime: expires.UTC(), Permissions: permissions.String(),
		ContainerName: p.container, Directory: strings.TrimRight(p.name, "/"),
	}
	if values.Directory == "" {
		return "", fault.New(fault.Invalid, "location %q names no folder: what is signed would open the container", location)
	}
	signed, err := s.sign(ctx, values)
	if err != nil {
		return "", said("sign for a folder", location, err)
	}
	return signed.Encode(), nil
}

func (s *Signer) sign(ctx context.Context, values sas.BlobSignatureValues) (sas.QueryParameters, error) {
	if s.key != nil {
		return values.SignWithSharedKey(s.key)
	}
	key, err := s.delegation(ctx, values.ExpiryTime)
	if err != nil {
		return sas.QueryParameters{}, err
	}
	return values.SignWithUserDelegation(key)
}

// checkFolders asks the account what it is until that is known. An identity that
// may not ask goes on: Azure takes no signature for a folder where there are none.
func (s *Signer) checkFolders(ctx context.Context, location string) error {
	if s.folders.Load() {
		return nil
	}
	info, err := s.store.client.GetAccountInfo(ctx, nil)
	switch err = said("look at the account", location, err); {
	case fault.Is(err, fault.Forbidden):
		return nil
	case err != nil:
		return err
	case info.IsHierarchicalNamespaceEnabled == nil || !*info.IsHierarchicalNamespaceEnabled:
		return fmt.Errorf("account %s: %w", s.store.account, ErrNoFolders)
	}
	s.folders.Store(true)
	return nil
}

// delegation is a key that lasts until then.
func (s *Signer) delegation(ctx context.Context, until time.Time) (*service.UserDelegationCredential, error) {
	if held := s.delegated.Load(); held != nil && !held.expires.Before(until) {
		return held.key, nil
	}
	expires := until.Add(delegationReuse)
	key, err := s.store.client.GetUserDelegationCredential(ctx, service.KeyInfo{
		Start:  new(time.Now().Add(-maxSkew).UTC().Format(sas.TimeFormat)),
		Expiry: new(expires.UTC().Format(sas.TimeFormat)),
	}, nil)
	if err != nil {
		return nil, err
	}
	s.delegated.Store(&delegated{key: key, expires: expires.Truncate(time.Second)})
	return key, nil
}

// Host is the host of a location, by which engines know the account.
func Host(location string) string {
	_, rest, _ := strings.Cut(location, "://")
	authority, _, _ := strings.Cut(rest, "/")
	_, host, _ := strings.Cut(authority, "@")
	return host
}
