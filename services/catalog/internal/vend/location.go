package vend

import (
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// together is the locations of a table without those that lie in another one, and
// the store that all are in: no key opens two.
func together(locations []string) (folders []string, store string, err error) {
	for _, location := range locations {
		location = strings.TrimRight(location, "/")
		if found := objectstore.StoreOf(location); store == "" {
			store = found
		} else if found != store {
			return nil, "", fault.New(fault.Unsupported, "the table lies in two stores, at %s: no key opens both", strings.Join(locations, " and "))
		}
		if _, rest, _ := strings.Cut(location, "://"); !strings.Contains(rest, "/") {
			return nil, "", fault.New(fault.Unsupported, "the table lies at %s, which is all of a bucket: a key opens a folder", location)
		}
		folders = append(folders, location)
	}
	slices.Sort(folders)
	return slices.CompactFunc(folders, func(outer, inner string) bool {
		return outer == inner || strings.HasPrefix(inner, outer+"/")
	}), store, nil
}

// prefixOf is what all locations begin with, up to a whole folder. Clients take
// the credential with the longest prefix, and their refreshing allows one.
func prefixOf(locations []string) string {
	if len(locations) == 1 {
		return locations[0]
	}
	prefix := locations[0]
	for _, location := range locations[1:] {
		for !strings.HasPrefix(location+"/", prefix+"/") {
			prefix = prefix[:strings.LastIndexByte(prefix, '/')]
		}
	}
	return prefix
}
