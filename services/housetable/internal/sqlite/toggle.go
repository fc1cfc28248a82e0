package sqlite

import (
	"context"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	// Counting costs a put far less than reading what it counts would.
	countToggleRules = `SELECT count(*), coalesce(max(database_pattern = ? AND table_pattern = ?), 0) FROM toggle_rule
		WHERE warehouse_id = ? AND feature_id = ?`
	putToggleRule     = `INSERT INTO toggle_rule (warehouse_id, feature_id, database_pattern, table_pattern, created_at) VALUES (?, ?, ?, ?, ?)`
	deleteToggleRule  = `DELETE FROM toggle_rule WHERE warehouse_id = ? AND feature_id = ? AND database_pattern = ? AND table_pattern = ?`
	selectToggleRules = `SELECT feature_id, database_pattern, table_pattern FROM toggle_rule WHERE warehouse_id = ? AND feature_id = ?
		ORDER BY database_pattern, table_pattern`
)

func scanToggleRule(r row) (t housetable.ToggleRule, err error) {
	err = r.Scan(&t.FeatureID, &t.DatabasePattern, &t.TablePattern)
	return t, err
}

// toggleCount is how many rules a feature has, and whether one rule is among them.
type toggleCount struct {
	count int
	among bool
}

func scanToggleCount(r row) (c toggleCount, err error) {
	err = r.Scan(&c.count, &c.among)
	return c, err
}

// PutToggleRule adds a rule.
func (s *Store) PutToggleRule(ctx context.Context, house string, r housetable.ToggleRule) error {
	return s.writer.transact(ctx, func() error {
		if _, err := warehouse(ctx, s.writer, house); err != nil {
			return err
		}
		rules, err := find(ctx, s.writer, scanToggleCount, countToggleRules, r.DatabasePattern, r.TablePattern, house, r.FeatureID)
		switch {
		case err != nil:
			return err
		case rules.among:
			return nil
		case rules.count >= housetable.MaxToggleRules:
			return housetable.TooManyToggleRules(r.FeatureID)
		}
		_, err = s.writer.exec(ctx, putToggleRule, house, r.FeatureID, r.DatabasePattern, r.TablePattern, micros(s.now()))
		return err
	})
}

// DeleteToggleRule removes a rule.
func (s *Store) DeleteToggleRule(ctx context.Context, house string, r housetable.ToggleRule) error {
	return s.writer.transact(ctx, func() error {
		if _, err := warehouse(ctx, s.writer, house); err != nil {
			return err
		}
		_, err := s.writer.exec(ctx, deleteToggleRule, house, r.FeatureID, r.DatabasePattern, r.TablePattern)
		return err
	})
}

// ToggleRules returns all rules of a feature.
func (s *Store) ToggleRules(ctx context.Context, house, featureID string) ([]housetable.ToggleRule, error) {
	rows, err := s.query(ctx, selectToggleRules, house, featureID)
	rules, err := all(scanToggleRule, rows, err)
	if err == nil && len(rules) == 0 {
		return nil, s.missing(ctx, house, nil)
	}
	return rules, err
}
