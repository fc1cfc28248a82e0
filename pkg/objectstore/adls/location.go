package adls

import (
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// place is a location in Azure's terms.
type place struct{ container, name string }

// find is the place that a location names:
// abfss://container@account.dfs.core.windows.net/name, or abfs, or wasb and wasbs
// with "blob" for "dfs". Nothing in it is unescaped: engines take the characters
// as they are.
func (s *Store) find(location string) (place, error) {
	if objectstore.StoreOf(location) != "abfs" {
		return place{}, fault.New(fault.Invalid, "location %q is not of Azure: allowed are abfs://, abfss://, wasb:// and wasbs://", location)
	}
	_, rest, _ := strings.Cut(location, "://")
	authority, name, _ := strings.Cut(rest, "/")
	container, host, found := strings.Cut(authority, "@")
	if !found || container == "" {
		return place{}, fault.New(fault.Invalid, "location %q names no container, like abfss://container@account.dfs.core.windows.net/path", location)
	}
	if account, _, _ := strings.Cut(host, "."); account != s.account {
		return place{}, fault.New(fault.Invalid, "location %q is of account %q, allowed is %q", location, account, s.account)
	}
	return place{container: container, name: name}, objectstore.CheckKey(location, name)
}
