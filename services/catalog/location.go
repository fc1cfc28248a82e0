package catalog

import (
	"context"
	"encoding/binary"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
)

// Properties of namespaces and tables that steer where files lie.
const (
	locationProperty     = "location"
	metadataPathProperty = "write.metadata.path"
	codecProperty        = "write.metadata.compression-codec"

	deleteAfterCommitProperty = "write.metadata.delete-after-commit.enabled"
)

// metadataSuffix ends the name of every metadata file.
const metadataSuffix = ".metadata.json"

// firstVersion begins the name of the first metadata file of a table or view.
const firstVersion = "00000-"

// maxSegmentBytes bounds a folder's name made of a table's or level's name: with
// the suffix it stays below what file systems can hold.
const maxSegmentBytes = 120

// warehouseRoot is where a warehouse's tables lie if nobody says otherwise.
func (c *Catalog) warehouseRoot(w Warehouse) string {
	switch {
	case w.Location != "":
		return trimSlashes(w.Location)
	case w.Name == DefaultWarehouse:
		return trimSlashes(c.settings.WarehouseRoot)
	default:
		return trimSlashes(c.settings.WarehouseRoot) + "/" + folderName(w.Name)
	}
}

// tableLocation is where a new table lies: where the client asked for, or a
// place of its own below the namespace's. Names come back after a drop, so a
// place of its own needs more than the name.
func (c *Catalog) tableLocation(w Warehouse, id TableIdentifier, namespaceProperties map[string]string, requested string, tableID uuid.UUID) (string, error) {
	if requested != "" {
		location := trimSlashes(requested)
		return location, c.checkLocation(w, location)
	}
	base := trimSlashes(namespaceProperties[locationProperty])
	if base == "" {
		folders := []string{c.warehouseRoot(w)}
		for _, level := range id.Namespace {
			folders = append(folders, folderName(level))
		}
		base = strings.Join(folders, "/")
	}
	location := base + "/" + folderName(id.Name) + "-" + tableID.String()[:8]
	return location, c.checkLocation(w, location)
}

// checkLocation refuses a location outside of the warehouse's roots.
func (c *Catalog) checkLocation(w Warehouse, location string) error {
	if err := checkSpelling(location); err != nil {
		return err
	}
	canonical, err := canonicalLocation(location)
	if err != nil {
		return err
	}
	if w.Storage == nil && c.settings.AnyLocation && objectstore.Scheme(location) == "file" {
		return checkFolder(location, canonical)
	}
	roots := c.rootsOf(w)
	for _, root := range roots {
		if r, err := canonicalLocation(root); err == nil && strings.HasPrefix(canonical, trimSlashes(r)+"/") {
			return nil
		}
	}
	return fault.New(fault.Invalid, "location %q is not below the allowed roots of warehouse %q: %s",
		location, w.Name, strings.Join(roots, ", "))
}

// rootsOf are the places where a warehouse's tables may lie.
func (c *Catalog) rootsOf(w Warehouse) []string {
	allowed := c.settings.AllowedRoots
	if w.Storage != nil {
		allowed = w.Storage.AllowedRoots
	}
	return append([]string{c.warehouseRoot(w)}, allowed...)
}

// checkFolder refuses the root of the file system: no table owns all of it.
func checkFolder(location, canonical string) error {
	if canonical == "file:/" {
		return fault.New(fault.Invalid, "location %q is the root of the file system, a folder below it is allowed", location)
	}
	return nil
}

// maxLocationBytes leaves room for the names of files below a location.
const maxLocationBytes = 1500

// checkSpelling refuses what no store, log or database could hold.
func checkSpelling(location string) error {
	switch {
	case len(location) > maxLocationBytes:
		return fault.New(fault.Invalid, "location is longer than %d bytes", maxLocationBytes)
	case !utf8.ValidString(location) || strings.ContainsFunc(location, unicode.IsControl):
		return fault.New(fault.Invalid, "location %q contains characters that no location can have", location)
	}
	return nil
}

// checkNamespaceLocation checks the property that steers locations of tables.
func (c *Catalog) checkNamespaceLocation(ctx context.Context, warehouse string, properties map[string]string) error {
	location, set := properties[locationProperty]
	if !set {
		return nil
	}
	w, err := c.pointers.Warehouse(ctx, warehouse)
	if err != nil {
		return err
	}
	return c.checkLocation(w, trimSlashes(location)+"/table")
}

// CanonicalLocation is one spelling for all spellings of a place.
func CanonicalLocation(location string) (string, error) { return canonicalLocation(location) }

// WarehouseRoot is where a warehouse's tables lie if nobody says otherwise.
func (c *Catalog) WarehouseRoot(w Warehouse) string { return c.warehouseRoot(w) }

// canonicalLocation is one spelling for all spellings of a place.
func canonicalLocation(location string) (string, error) {
	scheme := objectstore.Scheme(location)
	if scheme == "file" {
		p, err := objectstore.LocalPath(location)
		return "file:" + p, err
	}
	_, rest, _ := strings.Cut(location, ":")
	if !strings.HasPrefix(rest, "//") || strings.ContainsFunc(rest, unicode.IsControl) {
		return "", fault.New(fault.Invalid, "location %q is not a URI", location)
	}
	for segment := range strings.SplitSeq(rest, "/") {
		if segment == ".." || segment == "." {
			return "", fault.New(fault.Invalid, "location %q contains %q", location, segment)
		}
	}
	return scheme + ":" + rest, nil
}

func trimSlashes(location string) string {
	trimmed := strings.TrimRight(location, "/")
	if strings.HasSuffix(trimmed, ":") {
		return location // a root: nothing but scheme and slashes
	}
	return trimmed
}

// folderName makes a name fit for every store and every URI parser. It need not
// be one-to-one: locations are told apart by their suffix.
func folderName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.=", r) {
			return r
		}
		return '_'
	}, name)
	for len(safe) > maxSegmentBytes {
		runes := []rune(safe)
		safe = string(runes[:len(runes)-1])
	}
	if strings.Trim(safe, ".") == "" {
		return "_"
	}
	return safe
}

// metadataFolder is where a document's metadata files lie.
func metadataFolder(location string, property func(string) (string, bool)) string {
	if folder, set := property(metadataPathProperty); set && folder != "" {
		return trimSlashes(folder)
	}
	return trimSlashes(location) + "/metadata"
}

// metadataName is <version>-<operation>[-<attempt>].metadata.json: whose file an
// orphan is, one look at the operation tells.
func metadataName(version int, operation uuid.UUID, attempt int, gzipped bool) string {
	name := fmt.Sprintf("%05d-%s", version, operation)
	if attempt > 0 {
		name += "-" + strconv.Itoa(attempt)
	}
	if gzipped {
		name += ".gz"
	}
	return name + metadataSuffix
}

// OperationOf is the operation that a metadata file was written for, by its name:
// false for one that this catalog did not write, or may not have. Other catalogs
// use such names, too, with ids at random; the ids of ours begin with the time of
// the request, unless the client's key told none.
func OperationOf(location string, written time.Time) (uuid.UUID, bool) {
	id, found := operationIn(location)
	at := time.UnixMilli(int64(binary.BigEndian.Uint64(append([]byte{0, 0}, id[:6]...))))
	return id, found && written.Sub(at).Abs() < longestWay
}

// longestWay is more than a request with a key is old when a file is written for it.
const longestWay = 48 * time.Hour

func operationIn(location string) (uuid.UUID, bool) {
	name, found := strings.CutSuffix(path.Base(location), metadataSuffix)
	name = strings.TrimSuffix(name, ".gz")
	version, rest, cut := strings.Cut(name, "-")
	if _, err := strconv.ParseUint(version, 10, 31); err != nil || !found || !cut || len(version) < 5 || len(rest) < 36 {
		return uuid.Nil, false
	}
	if attempt := rest[36:]; attempt != "" {
		if n, err := strconv.ParseUint(strings.TrimPrefix(attempt, "-"), 10, 31); err != nil || n == 0 || attempt[0] != '-' {
			return uuid.Nil, false
		}
	}
	id, err := uuid.Parse(rest[:36])
	return id, err == nil
}

// nextVersion follows the version in the name of the previous file, so that a
// table which moved in from elsewhere goes on counting; otherwise the pointer's.
func nextVersion(previous string, pointerVersion int64) int {
	digits, _, found := strings.Cut(path.Base(previous), "-")
	if version, err := strconv.ParseUint(strings.TrimPrefix(digits, "v"), 10, 31); found && err == nil {
		return int(version) + 1
	}
	return int(pointerVersion)
}
