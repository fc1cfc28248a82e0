package rpc

import (
	"context"
	"regexp"
	"slices"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// maxTogglePatternBytes bounds features and patterns.
const maxTogglePatternBytes = 512

var (
	featureID     = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	togglePattern = regexp.MustCompile(`^[a-zA-Z0-9_*?]+$`)
)

type toggleService struct {
	htsv1.UnimplementedToggleServiceServer
	store housetable.Toggles
}

// GetToggleStatus tells whether a feature is on for a table. Ids are not
// checked beyond their size: one that no table can have matches "*" all the same.
func (s *toggleService) GetToggleStatus(ctx context.Context, r *htsv1.GetToggleStatusRequest) (*htsv1.GetToggleStatusResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkToggled(r)); err != nil {
		return nil, err
	}
	rules, err := s.store.ToggleRules(ctx, warehouse, r.GetFeatureId())
	if err != nil {
		return nil, err
	}
	status := "INACTIVE"
	if slices.ContainsFunc(rules, func(rule housetable.ToggleRule) bool { return rule.Matches(r.GetDatabaseId(), r.GetTableId()) }) {
		status = "ACTIVE"
	}
	return &htsv1.GetToggleStatusResponse{Entity: &htsv1.ToggleStatus{Status: status}}, nil
}

func checkToggled(r *htsv1.GetToggleStatusRequest) error {
	check := func(field string, given bool, value string) error {
		if !given {
			return fault.Field(field, "must be given")
		}
		return checkText(field, value, maxDatabaseIDBytes)
	}
	return together(check("databaseId", r.DatabaseId != nil, r.GetDatabaseId()),
		check("featureId", r.FeatureId != nil, r.GetFeatureId()), check("tableId", r.TableId != nil, r.GetTableId()))
}

// PutToggleRule adds a rule.
func (s *toggleService) PutToggleRule(ctx context.Context, r *htsv1.PutToggleRuleRequest) (*htsv1.PutToggleRuleResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkToggleRule(r.GetRule())); err != nil {
		return nil, err
	}
	if err := s.store.PutToggleRule(ctx, warehouse, fromToggleRule(r.GetRule())); err != nil {
		return nil, err
	}
	return &htsv1.PutToggleRuleResponse{}, nil
}

// DeleteToggleRule removes a rule.
func (s *toggleService) DeleteToggleRule(ctx context.Context, r *htsv1.DeleteToggleRuleRequest) (*htsv1.DeleteToggleRuleResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkToggleRule(r.GetRule())); err != nil {
		return nil, err
	}
	if err := s.store.DeleteToggleRule(ctx, warehouse, fromToggleRule(r.GetRule())); err != nil {
		return nil, err
	}
	return &htsv1.DeleteToggleRuleResponse{}, nil
}

// ListToggleRules returns all rules of a feature.
func (s *toggleService) ListToggleRules(ctx context.Context, r *htsv1.ListToggleRulesRequest) (*htsv1.ListToggleRulesResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkToggle("feature_id", r.GetFeatureId(), featureID)); err != nil {
		return nil, err
	}
	rules, err := s.store.ToggleRules(ctx, warehouse, r.GetFeatureId())
	if err != nil {
		return nil, err
	}
	response := &htsv1.ListToggleRulesResponse{}
	for _, rule := range rules {
		response.Rules = append(response.Rules, &htsv1.ToggleRule{
			FeatureId: rule.FeatureID, DatabasePattern: rule.DatabasePattern, TablePattern: rule.TablePattern,
		})
	}
	return response, nil
}

func checkToggleRule(r *htsv1.ToggleRule) error {
	return together(checkToggle("rule.database_pattern", r.GetDatabasePattern(), togglePattern),
		checkToggle("rule.feature_id", r.GetFeatureId(), featureID), checkToggle("rule.table_pattern", r.GetTablePattern(), togglePattern))
}

func checkToggle(field, text string, pattern *regexp.Regexp) error {
	switch {
	case len(text) > maxTogglePatternBytes:
		return fault.Field(field, "is %d characters long, %d are allowed", len(text), maxTogglePatternBytes)
	case !pattern.MatchString(text):
		return fault.Field(field, "%q must match %s", text, pattern)
	}
	return nil
}

func fromToggleRule(r *htsv1.ToggleRule) housetable.ToggleRule {
	return housetable.ToggleRule{FeatureID: r.GetFeatureId(), DatabasePattern: r.GetDatabasePattern(), TablePattern: r.GetTablePattern()}
}
