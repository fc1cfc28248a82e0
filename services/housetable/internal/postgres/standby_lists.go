package postgres

import (
	"context"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// paged is a page of a list; N says where the next one begins.
func paged[Q, T, N any](ctx context.Context, r *Relieved, q Q, list func(*Store, context.Context, Q) ([]T, N, error)) (items []T, next N, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		items, next, err = list(s, ctx, q)
		return err
	})
	return items, next, err
}

// counted is what a list has in all.
func counted[Q any](ctx context.Context, r *Relieved, q Q, count func(*Store, context.Context, Q) (int64, error)) (n int64, err error) {
	err = r.read(ctx, func(ctx context.Context, s *Store) error {
		n, err = count(s, ctx, q)
		return err
	})
	return n, err
}

// ListTables returns a page of one namespace's house tables.
func (r *Relieved) ListTables(ctx context.Context, q housetable.TableQuery) ([]housetable.Table, string, error) {
	return paged(ctx, r, q, (*Store).ListTables)
}

// ListNames returns the names of such a page.
func (r *Relieved) ListNames(ctx context.Context, q housetable.TableQuery) ([]string, string, error) {
	return paged(ctx, r, q, (*Store).ListNames)
}

// CountTables counts what ListTables would return without pages.
func (r *Relieved) CountTables(ctx context.Context, q housetable.TableQuery) (int64, error) {
	return counted(ctx, r, q, (*Store).CountTables)
}

// ListSoftDeleted returns a page of one database's soft-deleted tables and views.
func (r *Relieved) ListSoftDeleted(ctx context.Context, q housetable.SoftDeletedQuery) ([]housetable.Table, string, error) {
	return paged(ctx, r, q, (*Store).ListSoftDeleted)
}

// CountSoftDeleted counts what ListSoftDeleted would return without pages.
func (r *Relieved) CountSoftDeleted(ctx context.Context, q housetable.SoftDeletedQuery) (int64, error) {
	return counted(ctx, r, q, (*Store).CountSoftDeleted)
}

// ListNamespaces returns a page of the direct children.
func (r *Relieved) ListNamespaces(ctx context.Context, q housetable.NamespaceQuery) ([]housetable.Namespace, string, error) {
	return paged(ctx, r, q, (*Store).ListNamespaces)
}

// CountNamespaces counts what ListNamespaces would return without pages.
func (r *Relieved) CountNamespaces(ctx context.Context, q housetable.NamespaceQuery) (int64, error) {
	return counted(ctx, r, q, (*Store).CountNamespaces)
}

// ListJobs returns a page in the order of ids.
func (r *Relieved) ListJobs(ctx context.Context, q housetable.JobQuery) ([]housetable.Job, string, error) {
	return paged(ctx, r, q, (*Store).ListJobs)
}

// History returns a page of one house table's versions, newest first.
func (r *Relieved) History(ctx context.Context, q housetable.HistoryQuery) ([]housetable.TableVersion, int64, error) {
	return paged(ctx, r, q, (*Store).History)
}
