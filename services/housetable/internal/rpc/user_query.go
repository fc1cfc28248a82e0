package rpc

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// QueryUserTables lists databases, the tables of one, or those that match.
func (s *userTableService) QueryUserTables(ctx context.Context, r *htsv1.QueryUserTablesRequest) (*htsv1.QueryUserTablesResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkUserQuery(r)); err != nil {
		return nil, err
	}
	var results []*htsv1.UserTable
	if r.DatabaseId == nil {
		results, err = s.databases(ctx, warehouse)
	} else {
		results, err = s.tables(ctx, warehouse, r.GetDatabaseId(), nameMatch(r.GetTableId()))
	}
	if err != nil {
		return nil, err
	}
	return &htsv1.QueryUserTablesResponse{Results: results}, nil
}

func (s *userTableService) databases(ctx context.Context, warehouse string) ([]*htsv1.UserTable, error) {
	return everything(func(p housetable.Page) ([]*htsv1.UserTable, string, error) {
		namespaces, next, err := s.store.ListNamespaces(ctx, housetable.NamespaceQuery{Warehouse: warehouse, Visible: shownTo(ctx), Page: p})
		return toUserDatabases(namespaces), next, err
	})
}

// toUserDatabases lists databases as user tables of which no more is known.
func toUserDatabases(namespaces []housetable.Namespace) []*htsv1.UserTable {
	found := make([]*htsv1.UserTable, len(namespaces))
	for i := range namespaces {
		found[i] = &htsv1.UserTable{DatabaseId: &namespaces[i].DatabaseID}
	}
	return found
}

// tables of a database; one that does not exist has none.
func (s *userTableService) tables(ctx context.Context, warehouse, databaseID string, match housetable.NameMatch) ([]*htsv1.UserTable, error) {
	return everything(func(p housetable.Page) ([]*htsv1.UserTable, string, error) {
		tables, next, err := s.store.ListTables(ctx, housetable.TableQuery{
			Warehouse: warehouse, DatabaseID: databaseID, Kind: housetable.KindTable, Match: match, Visible: shownTo(ctx), Page: p,
		})
		if fault.Is(err, fault.NoSuchNamespace) {
			err = nil
		}
		return toUserTables(tables), next, err
	})
}

// everything reads page after page, for lists that OpenHouse does not page.
func everything[T any](read func(housetable.Page) ([]T, string, error)) ([]T, error) {
	results := []T{}
	page := housetable.Page{Limit: maxPageSize}
	for {
		found, next, err := read(page)
		if err != nil {
			return nil, err
		}
		results = append(results, found...)
		if next == "" {
			return results, nil
		}
		if len(results) >= maxUnpaged {
			return nil, fault.New(fault.Unprocessable, "more than %d results: narrow the query", maxUnpaged)
		}
		page.After = next
	}
}

func nameMatch(pattern string) housetable.NameMatch {
	return housetable.NameMatch{
		Text:      strings.Trim(pattern, "%"),
		AnyBefore: strings.HasPrefix(pattern, "%"),
		AnyAfter:  strings.HasSuffix(pattern, "%"),
	}
}

func checkUserQuery(r *htsv1.QueryUserTablesRequest) error {
	if r.TableVersion != nil || r.MetadataLocation != nil || r.StorageType != nil || r.CreationTime != nil {
		return unsupportedFilter()
	}
	return checkUserFilter(r, r.DatabaseId != nil, r.TableId != nil)
}

func unsupportedFilter() error {
	return fault.New(fault.Invalid, "Only databaseId and tableId are supported for the query")
}

func checkUserFilter(id userIdentity, database, table bool) error {
	switch {
	case !database && table:
		return fault.New(fault.Invalid, "tableId cannot be provided without databaseId")
	case !database:
		return nil
	}
	err := checkPattern("databaseId", id.GetDatabaseId(), userID)
	if table {
		err = firstError(err, checkPattern("tableId", id.GetTableId(), userPattern))
	}
	return err
}

func checkUserKey(databaseID, tableID string) error {
	return together(checkPattern("databaseId", databaseID, userID), checkPattern("tableId", tableID, userID))
}

// checkExpectedLocation checks a location that need not be given.
func checkExpectedLocation(given bool, location string) error {
	if !given {
		return nil
	}
	return checkLocation("expectedMetadataLocation", location)
}

func checkUserTable(e *htsv1.UserTable) error {
	if e == nil {
		return fault.Field("entity", "must not be null")
	}
	location := checkLocation("entity.metadataLocation", e.GetMetadataLocation())
	return together(
		checkPattern("entity.databaseId", e.GetDatabaseId(), userID),
		location,
		checkText("entity.storageType", e.GetStorageType(), maxUserIDBytes),
		checkPattern("entity.tableId", e.GetTableId(), userID),
		checkText("entity.tableVersion", e.GetTableVersion(), maxLocationBytes))
}

func checkPattern(field, id string, pattern *regexp.Regexp) error {
	switch {
	case id == "":
		return fault.Field(field, "cannot be empty")
	case len(id) > maxUserIDBytes:
		return fault.Field(field, "is %d characters long, %d are allowed", len(id), maxUserIDBytes)
	case !pattern.MatchString(id):
		return fault.Field(field, "%s: only alphanumerics and underscore supported", id)
	}
	return nil
}

// together is one Invalid error that names every field which is not as it must
// be, in the order of their names.
func together(errs ...error) error {
	var all []fault.Violation
	for _, err := range errs {
		if e, ok := errors.AsType[*fault.Error](err); ok {
			all = append(all, e.Violations...)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b fault.Violation) int { return strings.Compare(a.Field, b.Field) })
	messages := make([]string, len(all))
	for i, v := range all {
		messages[i] = fmt.Sprintf("%s: %s", v.Field, v.Description)
	}
	return &fault.Error{Kind: fault.Invalid, Message: strings.Join(messages, "; "), Violations: all}
}
