package catalog

import (
	"strings"

	"github.com/igloo-catalog/igloo/pkg/endpoint"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// Roots are the places of a warehouse with storage of its own, in one spelling for
// all spellings of a place, the store's own name first: "s3:http://host:9000:/bucket/folder".
// fault.Invalid when one is in another store, is all of a store, or is a place
// where warehouses without storage of their own lie.
func (c *Catalog) Roots(w Warehouse) ([]string, error) {
	if w.Location == "" {
		return nil, fault.Field("warehouse.location", "must be set: storage of its own needs a place of its own")
	}
	locations := c.rootsOf(w)
	roots := make([]string, len(locations))
	for i, location := range locations {
		root, err := rootIn(*w.Storage, location)
		if err != nil {
			return nil, err
		}
		roots[i] = root
	}
	return roots, c.checkApart(locations, roots)
}

// checkApart refuses roots where warehouses without storage of their own lie.
func (c *Catalog) checkApart(locations, roots []string) error {
	configured, err := rootIn(c.settings.Storage, c.settings.WarehouseRoot)
	if err != nil {
		return nil //nolint:nilerr // it has no name by which it could be another's
	}
	for i, root := range roots {
		if strings.HasPrefix(root+"/", configured+"/") || strings.HasPrefix(configured+"/", root+"/") {
			return fault.New(fault.Invalid, "root %s overlaps %s, where warehouses without storage of their own lie", locations[i], c.settings.WarehouseRoot)
		}
	}
	return nil
}

// rootIn is the one spelling of a place in a profile's store.
func rootIn(p StorageProfile, location string) (string, error) {
	if err := checkSpelling(location); err != nil {
		return "", err
	}
	canonical, err := canonicalLocation(trimSlashes(location))
	if err != nil {
		return "", err
	}
	_, place, _ := strings.Cut(canonical, ":")
	place = trimSlashes("/" + strings.Trim(place, "/"))
	if place == "/" || place == "" {
		return "", fault.New(fault.Invalid, "root %q is all of a store, a bucket or folder in it is allowed", location)
	}
	switch store := objectstore.StoreOf(location); {
	case store == "file" && p.Local != nil:
		return "file:" + place, nil
	case store == "s3" && p.S3 != nil:
		return "s3:" + endpoint.Normal(p.S3.Endpoint) + ":" + place, nil
	case store == "gs" && p.GCS != nil:
		return "gs:" + endpoint.Normal(p.GCS.Endpoint) + ":" + place, nil
	case store == "abfs" && p.ADLS != nil:
		return azureRoot(p.ADLS, location, place)
	}
	return "", fault.New(fault.Invalid, "root %q is not in the store of the profile: %s", location, p.schemes())
}

// azureRoot has the account in front, which hosts of several names stand for.
func azureRoot(p *ADLSStorage, location, place string) (string, error) {
	container, rest, found := strings.Cut(strings.TrimPrefix(place, "/"), "@")
	host, folder, _ := strings.Cut(rest, "/")
	account, _, _ := strings.Cut(host, ".")
	if !found || account != p.Account {
		return "", fault.New(fault.Invalid, "root %q is not in the storage account %q: abfss://CONTAINER@%s.dfs.core.windows.net/… is", location, p.Account, p.Account)
	}
	return trimSlashes("abfs:" + endpoint.Normal(p.Endpoint) + ":/" + account + "/" + container + "/" + folder), nil
}

// schemes are the locations that a profile's store has.
func (p StorageProfile) schemes() string {
	var schemes []string
	for _, store := range []struct {
		set    bool
		scheme string
	}{{p.Local != nil, "file:///…"}, {p.S3 != nil, "s3://…"}, {p.GCS != nil, "gs://…"}, {p.ADLS != nil, "abfss://…"}} {
		if store.set {
			schemes = append(schemes, store.scheme)
		}
	}
	return strings.Join(schemes, ", ")
}
