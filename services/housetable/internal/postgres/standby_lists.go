package postgres

import (
	"context"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// ListTables returns a page of one namespace's house tables.
func (r *Relieved) ListTables(ctx context.Context, q housetable.TableQuery) (tables []housetable.Table, next string, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		tables, next, err = s.ListTables(ctx, q)
		return err
	})
	return tables, next, err
}

// ListNames returns the names of such a page.
func (r *Relieved) ListNames(ctx context.Context, q housetable.TableQuery) (names []string, next string, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		names, next, err = s.ListNames(ctx, q)
		return err
	})
	return names, next, err
}

// CountTables counts what ListTables would return without pages.
func (r *Relieved) CountTables(ctx context.Context, q housetable.TableQuery) (n int64, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		n, err = s.CountTables(ctx, q)
		return err
	})
	return n, err
}

// ListSoftDeleted returns a page of one database's soft-deleted tables and views.
func (r *Relieved) ListSoftDeleted(ctx context.Context, q housetable.SoftDeletedQuery) (tables []housetable.Table, next string, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		tables, next, err = s.ListSoftDeleted(ctx, q)
		return err
	})
	return tables, next, err
}

// CountSoftDeleted counts what ListSoftDeleted would return without pages.
func (r *Relieved) CountSoftDeleted(ctx context.Context, q housetable.SoftDeletedQuery) (n int64, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		n, err = s.CountSoftDeleted(ctx, q)
		return err
	})
	return n, err
}

// ListNamespaces returns a page of the direct children.
func (r *Relieved) ListNamespaces(ctx context.Context, q housetable.NamespaceQuery) (namespaces []housetable.Namespace, next string, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		namespaces, next, err = s.ListNamespaces(ctx, q)
		return err
	})
	return namespaces, next, err
}

// CountNamespaces counts what ListNamespaces would return without pages.
func (r *Relieved) CountNamespaces(ctx context.Context, q housetable.NamespaceQuery) (n int64, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		n, err = s.CountNamespaces(ctx, q)
		return err
	})
	return n, err
}

// ListJobs returns a page in the order of ids.
func (r *Relieved) ListJobs(ctx context.Context, q housetable.JobQuery) (jobs []housetable.Job, next string, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		jobs, next, err = s.ListJobs(ctx, q)
		return err
	})
	return jobs, next, err
}

// History returns a page of one house table's versions, newest first.
func (r *Relieved) History(ctx context.Context, q housetable.HistoryQuery) (versions []housetable.TableVersion, before int64, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		versions, before, err = s.History(ctx, q)
		return err
	})
	return versions, before, err
}
