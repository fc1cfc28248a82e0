package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// Two rules that come at once may both be the last one: the bound is for the
	// readers' sake and need not be exact.
	putToggleRule = `INSERT INTO toggle_rule (warehouse_id, feature_id, database_pattern, table_pattern) SELECT $1, $2, $3, $4
		WHERE (SELECT count(*) FROM toggle_rule WHERE warehouse_id = $1 AND feature_id = $2) < $5::bigint ON CONFLICT DO NOTHING`
	deleteToggleRule  = `DELETE FROM toggle_rule WHERE warehouse_id = $1 AND feature_id = $2 AND database_pattern = $3 AND table_pattern = $4`
	selectToggleRules = `SELECT feature_id, database_pattern, table_pattern FROM toggle_rule WHERE warehouse_id = $1 AND feature_id = $2
		ORDER BY database_pattern, table_pattern`
)

// PutToggleRule adds a rule.
func (s *Store) PutToggleRule(ctx context.Context, warehouse string, r housetable.ToggleRule) error {
	tag, err := s.pool.Exec(ctx, putToggleRule, warehouse, r.FeatureID, r.DatabasePattern, r.TablePattern, housetable.MaxToggleRules)
	switch {
	case sqlState(err) == foreignKeyViolation:
		return housetable.NoSuchWarehouse(warehouse)
	case err != nil:
		return classify(err, "put toggle rule")
	case tag.RowsAffected() > 0:
		return nil
	}
	rules, err := s.ToggleRules(ctx, warehouse, r.FeatureID)
	if err == nil && !slices.Contains(rules, r) {
		err = housetable.TooManyToggleRules(r.FeatureID)
	}
	return err
}

// DeleteToggleRule removes a rule.
func (s *Store) DeleteToggleRule(ctx context.Context, warehouse string, r housetable.ToggleRule) error {
	tag, err := s.pool.Exec(ctx, deleteToggleRule, warehouse, r.FeatureID, r.DatabasePattern, r.TablePattern)
	if err != nil {
		return classify(err, "delete toggle rule")
	}
	if tag.RowsAffected() == 0 {
		return s.missing(ctx, warehouse, nil)
	}
	return nil
}

// ToggleRules returns all rules of a feature.
func (s *Store) ToggleRules(ctx context.Context, warehouse, featureID string) ([]housetable.ToggleRule, error) {
	rules, err := query(ctx, s, pgx.RowToStructByPos[housetable.ToggleRule], "read toggle rules", selectToggleRules, warehouse, featureID)
	if err == nil && len(rules) == 0 {
		return nil, s.missing(ctx, warehouse, nil)
	}
	return rules, err
}
