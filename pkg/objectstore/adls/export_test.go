package adls

import (
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

// DelegatedSigner is a signer without a key of the account's. Azure's library
// sends no tokens to a server without TLS, unless its client is made for that.
func DelegatedSigner(account string, client *service.Client) *Signer {
	return &Signer{store: &Store{account: account, client: client}, protocol: sas.ProtocolHTTPS}
}
