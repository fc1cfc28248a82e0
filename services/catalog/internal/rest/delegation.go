package rest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/services/catalog"
)

// delegationHeader is how a client says in which ways it can be given access.
const delegationHeader = "X-Iceberg-Access-Delegation"

// delegationTable is what is served below a table for those who delegate access.
func (h *Handler) delegationTable(table string) []route {
	if h.delegation == nil {
		return nil
	}
	return []route{{http.MethodGet, table + "/credentials", "loadCredentials", h.loadCredentials}}
}

// offer is access that a client can be given, in these ways; without any it does
// not depend on what the client says. One of by and signer may be nil.
type offer struct {
	by     catalog.Delegation
	signer catalog.Signer
	ways   []catalog.Way
	// through are the views through which the client came.
	through catalog.References
}

// offered is nil when access is not delegated to the client.
func (h *Handler) offered(c *call) (*offer, error) {
	ways := namedWays(c)
	by, err := h.delegationOf(c)
	if err != nil {
		return nil, err
	}
	if by != nil && !by.Delegates(ways) {
		by = nil
	}
	signer, err := h.signerOf(c)
	if err != nil {
		return nil, err
	}
	if signer != nil && !signer.Offers(ways) {
		signer = nil
	}
	if by == nil && signer == nil {
		return nil, nil //nolint:nilnil // not this one
	}
	return &offer{by: by, signer: signer, ways: ways}, nil
}

// delegationOf is nil where access to the files of the warehouse is not delegated.
func (h *Handler) delegationOf(c *call) (catalog.Delegation, error) {
	if h.delegation == nil {
		return nil, nil //nolint:nilnil // nor to those of any other
	}
	return h.delegation.Of(c.Context(), c.warehouse)
}

// namedWays are the ways that a client names.
func namedWays(c *call) []catalog.Way {
	ways := []catalog.Way{}
	for _, value := range c.Header.Values(delegationHeader) {
		for name := range strings.SplitSeq(value, ",") {
			switch way := catalog.Way(strings.TrimSpace(name)); way {
			case catalog.VendedCredentials, catalog.RemoteSigning:
				ways = append(ways, way)
			}
		}
	}
	slices.Sort(ways)
	return slices.Compact(ways)
}

// loadCredentials makes keys anew for a client whose own are about to end.
func (h *Handler) loadCredentials(c *call) (answer, error) {
	id, err := h.identifierOf(c, "table")
	if err != nil {
		return answer{}, err
	}
	by, err := h.referencesOf(c)
	if err != nil {
		return answer{}, err
	}
	loaded, err := h.catalog.LoadTable(c.Context(), c.warehouse, id, catalog.LoadOptions{Needs: catalog.ReadFiles, Access: true, ReferencedBy: by})
	if err != nil {
		return answer{}, err
	}
	access := catalog.Access{}
	if delegation, unknown := h.delegation.Of(c.Context(), c.warehouse); unknown != nil {
		return answer{}, unknown
	} else if delegation != nil {
		access, err = h.access(c, id, loaded, &offer{by: delegation, ways: []catalog.Way{catalog.VendedCredentials}})
	}
	if err != nil {
		return answer{}, err
	}
	a, err := value(map[string]any{"storage-credentials": credentialModels(access.Credentials)})
	a.secret = true
	return a, err
}

// loadDelegated is a table with access to its files.
func (h *Handler) loadDelegated(c *call, id catalog.TableIdentifier, mode string, o *offer) (answer, error) {
	conditions := c.Header.Values("If-None-Match")
	tagged := func(location string, access catalog.FileAccess) string {
		parts := []string{mode, joined(o.ways), access.String()}
		if len(o.through) > 0 {
			parts = append(parts, h.separator.spelled(o.through))
		}
		return tagOf(location, strings.Join(parts, "+"))
	}
	loaded, err := h.catalog.LoadTable(c.Context(), c.warehouse, id, catalog.LoadOptions{
		RefsOnly:     mode == refsOnly,
		Access:       true,
		ReferencedBy: o.through,
		Afresh:       c.afresh(),
		Known: func(location string, access catalog.FileAccess) bool {
			return tagLasts(conditions, tagged(location, access), time.Now())
		},
	})
	if err != nil {
		return answer{}, err
	}
	tag := tagged(loaded.MetadataLocation, loaded.Access)
	if loaded.Metadata == nil {
		return answer{status: http.StatusNotModified, etag: lasting(conditions, tag)}, nil
	}
	access, err := h.access(c, id, loaded, o)
	if err != nil {
		return answer{}, err
	}
	return accessAnswer(loaded, access, tagUntil(tag, access.Expires))
}

// created is the answer to what was just made, with access to its files where
// that is delegated. It was made: that no key can be had does not undo it, and
// the client finds out when it asks for one.
func (h *Handler) created(c *call, id catalog.TableIdentifier, loaded catalog.Loaded, tag string) (answer, error) {
	o, err := h.offered(c)
	access := catalog.Access{}
	switch {
	case err == nil && o == nil:
		return loadAnswer(loaded, tag)
	case err == nil:
		if loaded.Access, err = h.catalog.CreatedAccess(c.Context(), c.warehouse, id, loaded); err == nil {
			access, err = h.access(c, id, loaded, o)
		}
	}
	if err != nil {
		h.log.WarnContext(c.Context(), "table is answered without access to its files", "error", err)
		return loadAnswer(loaded, tag)
	}
	return accessAnswer(loaded, access, tag)
}

// access is what the client is given, and where it finds more of it: keys where
// there are any, for they save it a call for each request. Who may not read the
// table's files is given nothing.
func (h *Handler) access(c *call, id catalog.TableIdentifier, loaded catalog.Loaded, o *offer) (catalog.Access, error) {
	if loaded.Access == catalog.NoFiles {
		return catalog.Access{}, nil
	}
	own, err := h.catalog.OwnFolders(c.Context(), c.warehouse, id, loaded.Folders(), loaded.MetadataLocation != "")
	if err != nil || len(own) == 0 {
		return catalog.Access{}, err
	}
	grant := catalog.Grant{
		Warehouse: c.warehouse, Principal: c.principal(), Locations: own,
		Write: loaded.Access == catalog.WriteFiles, Ways: o.ways,
	}
	if o.by != nil {
		access, err := o.by.Vend(c.Context(), grant)
		if err != nil || len(access.Credentials) > 0 || o.signer == nil {
			return h.refreshing(c, id, access), err
		}
	}
	return h.signing(c, id, loaded, own, o.through, o.signer.Access(grant)), nil
}

// refreshing is access with the place where its keys are renewed.
func (h *Handler) refreshing(c *call, id catalog.TableIdentifier, access catalog.Access) catalog.Access {
	if access.RefreshKey != "" {
		access.Config[access.RefreshKey] = h.pathOf(c, id) + "/credentials"
	}
	return access
}

// pathOf is the path of a table, to be appended to the catalog's address.
func (h *Handler) pathOf(c *call, id catalog.TableIdentifier) string {
	levels := make([]string, len(id.Namespace))
	for i, level := range id.Namespace {
		levels[i] = url.PathEscape(level)
	}
	return strings.Join([]string{
		"v1", url.PathEscape(c.warehouse), "namespaces", strings.Join(levels, h.separator.escaped), "tables", url.PathEscape(id.Name),
	}, "/")
}

type credentialModel struct {
	Prefix string            `json:"prefix"`
	Config map[string]string `json:"config"`
}

func credentialModels(credentials []catalog.StorageCredential) []credentialModel {
	models := make([]credentialModel, len(credentials))
	for i, c := range credentials {
		models[i] = credentialModel{Prefix: c.Prefix, Config: c.Config}
	}
	return models
}

// accessAnswer is a LoadTableResult that opens the table's files.
func accessAnswer(loaded catalog.Loaded, access catalog.Access, tag string) (answer, error) {
	if access.Config == nil { // clients read a null as no configuration at all
		access.Config = map[string]string{}
	}
	config, err := json.Marshal(access.Config)
	if err != nil {
		return answer{}, err
	}
	credentials, err := json.Marshal(credentialModels(access.Credentials))
	if err != nil {
		return answer{}, err
	}
	end := `,"config":` + string(config) + `,"storage-credentials":` + string(credentials)
	if access.SignerKeys != nil {
		end += `,"remote-signing-config":{"properties":{},"headers":{}}`
	}
	a, err := assemble(loaded, tag, end+`}`)
	a.secret = true
	return a, err
}

func joined(ways []catalog.Way) string {
	names := make([]string, len(ways))
	for i, way := range ways {
		names[i] = string(way)
	}
	return strings.Join(names, ",")
}

// tagLead is how long before its keys end an answer stops being good enough.
// Clients keep what they have on a 304, and begin to renew five minutes before.
const tagLead = 6 * time.Minute

// tagUntil is a tag that says until when the answer is good enough; for ever when
// its keys do not end.
func tagUntil(tag string, expires time.Time) string {
	if expires.IsZero() {
		return tag
	}
	return strings.TrimSuffix(tag, `"`) + "." + strconv.FormatInt(expires.Add(-tagLead).Unix(), 16) + `"`
}

// tagLasts is tagMatches for tags that may end.
func tagLasts(conditions []string, tag string, now time.Time) bool {
	found := lasting(conditions, tag)
	_, until, ends := strings.Cut(strings.Trim(found, `"`), ".")
	if !ends {
		return found != ""
	}
	seconds, err := strconv.ParseInt(until, 16, 64)
	return err == nil && now.Unix() < seconds
}

// lasting is the first of a client's tags that is tag, with its end and without
// its coding; empty when there is none.
func lasting(conditions []string, tag string) string {
	hash := strings.Trim(tag, `"`)
	for candidate := range strings.SplitSeq(strings.Join(conditions, ","), ",") {
		candidate = strings.Trim(strings.TrimPrefix(strings.TrimSpace(candidate), "W/"), `"`)
		if candidate == "*" {
			return tag
		}
		uncoded, _, _ := strings.Cut(candidate, "-")
		if found, _, _ := strings.Cut(uncoded, "."); found == hash {
			return `"` + uncoded + `"`
		}
	}
	return ""
}
