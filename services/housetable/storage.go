package housetable

import (
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Storage is the store that a warehouse lies in, as the catalog wants it kept.
type Storage struct {
	// Profile is opaque here, and without secrets.
	Profile string `json:"profile"`
	// Sealed are the secrets by their fields.
	Sealed map[string]string `json:"sealed,omitempty"`
	// Roots in one spelling for all spellings of a place, without a slash at the
	// end. No two warehouses have roots of which one lies in the other.
	Roots []string `json:"roots"`
}

// Overlaps returns those two roots of which one lies in the other, if any do.
func (s *Storage) Overlaps(with *Storage) (mine, other string, found bool) {
	for _, mine := range s.Roots {
		for _, other := range with.Roots {
			if strings.HasPrefix(mine+"/", other+"/") || strings.HasPrefix(other+"/", mine+"/") {
				return mine, other, true
			}
		}
	}
	return "", "", false
}

// OverlappingWarehouse is the error of a root that another warehouse has.
func OverlappingWarehouse(mine, warehouse, other string) error {
	return fault.New(fault.AlreadyExists, "root %s overlaps root %s of warehouse %q: no two warehouses share files", mine, other, warehouse)
}
