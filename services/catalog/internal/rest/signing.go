package rest

import (
	"net/http"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// olderSign is the path, after /v1, at which clients have requests signed when
// nobody told them another one. No table is in it.
const olderSign = "aws/s3/sign"

// maxSigned bounds a request to sign, in bytes: most are small, one that deletes
// a thousand objects names them all.
const maxSigned = 4 << 20

// signingTable is what is served below a table for those who have requests signed.
func (h *Handler) signingTable(table string) []route {
	if h.signers == nil {
		return nil
	}
	return []route{
		{http.MethodPost, table + "/sign", "signRequest", h.signRequest},
		{http.MethodPost, "/" + olderSign, "signS3Request", h.refuseSigning},
	}
}

// signerOf is nil when requests to the files of the warehouse are not signed.
func (h *Handler) signerOf(c *call) (catalog.Signer, error) {
	if h.signers == nil {
		return nil, nil //nolint:nilnil // nor those of any other
	}
	return h.signers.SignerOf(c.Context(), c.warehouse)
}

// signing is access to folders with the place where requests are signed. Older clients
// take it from the configuration, and it names the table, which theirs does not.
func (h *Handler) signing(c *call, id catalog.TableIdentifier, loaded catalog.Loaded, own []string, through catalog.References, access catalog.Access) catalog.Access {
	if access.SignerKeys == nil {
		return access
	}
	t := ticket{Kind: stagedTicket, Owner: c.owner(id), Folders: loaded.Folders(), Expires: time.Now().Add(stageLife).Unix()}
	if loaded.MetadataLocation != "" {
		access.Expires = time.Now().Add(loadedLife)
		t = ticket{Kind: loadedTicket, Owner: c.owner(id), Folders: own, UUID: loaded.UUID(), Expires: access.Expires.Unix()}
	}
	path := h.pathOf(c, id) + "/sign"
	switch { // who may only read has nothing to remove later, but perhaps by views alone
	case loaded.Access == catalog.WriteFiles:
		path += "?" + string(t.Kind) + "=" + h.tickets.seal(t)
	case len(through) > 0:
		path += "?" + referencedBy + "=" + h.separator.spelled(through)
	}
	for _, key := range access.SignerKeys {
		access.Config[key] = path
	}
	return access
}

// refuseSigning tells clients that ask where they would without configuration.
func (h *Handler) refuseSigning(*call) (answer, error) {
	return answer{}, fault.New(fault.Invalid,
		"this path names no table: load the table with %s: %s, and requests to its files are signed at the path in s3.signer.endpoint of its configuration",
		delegationHeader, catalog.RemoteSigning)
}

type signModel struct {
	URI     string              `json:"uri"`
	Headers map[string][]string `json:"headers"`
}

// signRequest signs a request to a table's files. It changes nothing: a key that
// comes with it is not looked at.
func (h *Handler) signRequest(c *call) (answer, error) {
	id, err := h.identifierOf(c, "table")
	if err != nil {
		return answer{}, err
	}
	c.bodyLimit = min(c.bodyLimit, maxSigned)
	body, err := c.readObject()
	if err != nil {
		return answer{}, err
	}
	request := body.storageRequest()
	if body.err != nil {
		return answer{}, body.err
	}
	signed, err := h.sign(c, id, request)
	if err != nil {
		return answer{}, err
	}
	a, err := value(signModel{URI: signed.URI, Headers: signed.Headers})
	a.caching = cachingOf(request.Method)
	return a, err
}

func (h *Handler) sign(c *call, id catalog.TableIdentifier, request catalog.StorageRequest) (catalog.SignedRequest, error) {
	signer, err := h.signerOf(c)
	if err != nil {
		return catalog.SignedRequest{}, err
	}
	if signer == nil {
		return catalog.SignedRequest{}, fault.New(fault.Unsupported, "requests to the files of warehouse %q are not signed", c.warehouse)
	}
	grant := catalog.Grant{
		Warehouse: c.warehouse, Principal: c.principal(), Ways: []catalog.Way{catalog.RemoteSigning},
	}
	if err := h.signable(c, id, &grant); err != nil {
		return catalog.SignedRequest{}, err
	}
	return signer.Sign(c.Context(), grant, request)
}

func (o *object) storageRequest() catalog.StorageRequest {
	request := catalog.StorageRequest{
		Provider: o.optionalText("provider"), Region: o.text("region"), Method: o.text("method"),
		URI: o.text("uri"), Body: o.optionalText("body"),
	}
	o.required("headers", "an object of arrays of strings", &request.Headers)
	return request
}

// cachingOf is what clients compare: reads that were signed are sent again for a
// while, in exactly these words.
func cachingOf(method string) string {
	if method == http.MethodGet || method == http.MethodHead {
		return "private"
	}
	return "no-cache"
}

// signable fills in what may be signed for: the folders of a table as it is now, and
// those that its maker was told of when it was still to be made. Who loses the name to
// somebody else finds that out by their commit.
func (h *Handler) signable(c *call, id catalog.TableIdentifier, grant *catalog.Grant) error {
	staged, err := h.ticketOf(c, id, stagedTicket)
	if err != nil {
		return err
	}
	by, err := h.referencesOf(c)
	if err != nil {
		return err
	}
	loaded, err := h.catalog.LoadTable(c.Context(), c.warehouse, id, catalog.LoadOptions{Needs: catalog.ReadFiles, Access: true, ReferencedBy: by})
	switch {
	case err == nil:
		grant.Write = loaded.Access == catalog.WriteFiles
		staged.open = staged.open && grant.Write
		grant.Locations, err = h.catalog.OwnFolders(c.Context(), c.warehouse, id, loaded.Folders(), true)
	case !fault.Is(err, fault.NoSuchTable):
		return err
	case !staged.given:
		return h.removable(c, id, grant, err)
	case !staged.open:
		return fault.Field(string(stagedTicket), "is not of this table, or has expired")
	default:
		grant.Write, err = true, nil
	}
	if err != nil || !staged.open {
		return err
	}
	told, err := h.catalog.OwnFolders(c.Context(), c.warehouse, id, staged.Folders, false)
	grant.Locations = append(grant.Locations, told...)
	return err
}

// removable fills in what is left of a table that is gone, for a client that worked
// with it a short while ago: Spark drops a table before it deletes its files, one
// by one. It may remove them, as a key would still let it, but not write.
func (h *Handler) removable(c *call, id catalog.TableIdentifier, grant *catalog.Grant, gone error) error {
	loaded, err := h.ticketOf(c, id, loadedTicket)
	if err != nil {
		return err
	}
	if !loaded.open {
		return gone
	}
	grant.Remove = true
	grant.Locations, err = h.catalog.Remains(c.Context(), c.warehouse, loaded.UUID, loaded.Folders)
	if err == nil && len(grant.Locations) == 0 {
		return gone
	}
	return err
}
