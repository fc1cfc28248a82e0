package rest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authn"
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

// signing is access with the place where requests are signed. Older clients take
// it from the configuration, and it names the table, which theirs does not.
func (h *Handler) signing(c *call, id catalog.TableIdentifier, loaded catalog.Loaded, access catalog.Access) catalog.Access {
	path := h.pathOf(c, id) + "/sign"
	if loaded.MetadataLocation == "" {
		path += "?" + stagedParameter + "=" + h.stages.seal(c.owner(id), loaded.Folders())
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
	folders, err := h.signable(c, id)
	if err != nil {
		return catalog.SignedRequest{}, err
	}
	return signer.Sign(c.Context(), catalog.Grant{
		Warehouse: c.warehouse, Principal: authn.From(c.Context()).Principal(), Locations: folders, Write: true,
		Ways: []catalog.Way{catalog.RemoteSigning},
	}, request)
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

// signable are the folders of a table as it is now, and those that its maker was
// told of when it was still to be made: who loses the name to somebody else finds
// that out by their commit.
func (h *Handler) signable(c *call, id catalog.TableIdentifier) ([]string, error) {
	sealed, given, err := c.parameter(stagedParameter)
	if err != nil {
		return nil, err
	}
	staged, open := h.stages.open(c.owner(id), sealed)
	loaded, err := h.catalog.LoadTable(c.Context(), c.warehouse, id, catalog.LoadOptions{})
	switch {
	case err == nil:
		own, err := h.catalog.OwnFolders(c.Context(), c.warehouse, id, loaded.Folders(), true)
		if err != nil || len(staged) == 0 {
			return own, err
		}
		told, err := h.catalog.OwnFolders(c.Context(), c.warehouse, id, staged, false)
		return append(own, told...), err
	case !fault.Is(err, fault.NoSuchTable) || !given:
		return nil, err
	case !open:
		return nil, fault.Field(stagedParameter, "is not of this table, or has expired")
	}
	return h.catalog.OwnFolders(c.Context(), c.warehouse, id, staged, false)
}

// stagedParameter is where the maker of a table says what they were told.
const stagedParameter = "staged"

// stageLife is how long a table may be in the making.
const stageLife = 12 * time.Hour

// owner is whose table is being made.
func (c *call) owner(id catalog.TableIdentifier) []string {
	return append([]string{authn.From(c.Context()).Principal(), c.warehouse, id.Name}, id.Namespace...)
}

// stages seals where tables lie that are being made: no one keeps that for them.
type stages struct{ key []byte }

// stage is what is sealed, beside the owner that it is for.
type stage struct {
	Owner   []string `json:"o"`
	Folders []string `json:"f"`
	// Expires is in seconds since 1970.
	Expires int64 `json:"e"`
}

func (s stages) mac(payload []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	_, _ = fmt.Fprintf(h, "igloo staged table 1\x00%s", payload)
	return h.Sum(nil)
}

func (s stages) seal(owner, folders []string) string {
	payload, err := json.Marshal(stage{Owner: owner, Folders: folders, Expires: time.Now().Add(stageLife).Unix()})
	if err != nil {
		return "" // which opens nothing; strings and a number never fail
	}
	return base64.RawURLEncoding.EncodeToString(append(s.mac(payload), payload...))
}

func (s stages) open(owner []string, sealed string) ([]string, bool) {
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(data) < sha256.Size || !hmac.Equal(data[:sha256.Size], s.mac(data[sha256.Size:])) {
		return nil, false
	}
	var found stage
	if json.Unmarshal(data[sha256.Size:], &found) != nil || time.Now().Unix() > found.Expires {
		return nil, false
	}
	if !slices.Equal(found.Owner, owner) {
		return nil, false
	}
	return found.Folders, true
}
