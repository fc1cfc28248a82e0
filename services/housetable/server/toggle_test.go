package server_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable/server"
)

// toggles are asked for after putToggleRules.
var toggles = []exchange{
	{"GET", "/hts/togglestatuses?databaseId=demodb&tableId=demotable&featureId=demo", "", 200, `{"entity":{"status":"ACTIVE"}}`},
	{"GET", "/hts/togglestatuses/?databaseId=tracking_x&tableId=events_a_daily&featureId=demo", "", 200, `{"entity":{"status":"ACTIVE"}}`},
	{"GET", "/hts/togglestatuses?databaseId=tracking_x&tableId=events_a&featureId=demo", "", 200, `{"entity":{"status":"INACTIVE"}}`},
	{"GET", "/hts/togglestatuses?databaseId=DEMODB&tableId=demotable&featureId=demo", "", 200, `{"entity":{"status":"INACTIVE"}}`},
	{"GET", "/hts/togglestatuses?databaseId=demodb&tableId=demotable&featureId=DEMO", "", 200, `{"entity":{"status":"INACTIVE"}}`},
	{"GET", "/hts/togglestatuses?databaseId=no-id&tableId=&featureId=none", "", 200, `{"entity":{"status":"INACTIVE"}}`},
	{"GET", "/hts/togglestatuses?databaseId=demodb&featureId=demo", "", 400, `~tableId: must be given`},
	{"GET", "/hts/togglestatuses?databaseId=%00&tableId=t&featureId=demo", "", 400, `~control character`},
	{"PUT", "/hts/togglestatuses", `{}`, 405, `~METHOD_NOT_ALLOWED`},
}

func putToggleRules(t *testing.T, s *server.Server) {
	t.Helper()
	client := htsv1.NewToggleServiceClient(s.Conn())
	gone := &htsv1.ToggleRule{FeatureId: "demo", DatabasePattern: "*", TablePattern: "*"}
	for _, rule := range []*htsv1.ToggleRule{
		gone,
		{FeatureId: "demo", DatabasePattern: "demodb", TablePattern: "demotable"},
		{FeatureId: "demo", DatabasePattern: "tracking_*", TablePattern: "events_*_daily"},
	} {
		if _, err := client.PutToggleRule(t.Context(), &htsv1.PutToggleRuleRequest{Rule: rule}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.DeleteToggleRule(t.Context(), &htsv1.DeleteToggleRuleRequest{Rule: gone}); err != nil {
		t.Fatal(err)
	}
	rules, err := client.ListToggleRules(t.Context(), &htsv1.ListToggleRulesRequest{FeatureId: "demo"})
	if err != nil || len(rules.GetRules()) != 2 {
		t.Fatalf("rules %v, %v", rules, err)
	}
	_, err = client.PutToggleRule(t.Context(), &htsv1.PutToggleRuleRequest{Rule: &htsv1.ToggleRule{FeatureId: "f", DatabasePattern: "{x}"}})
	if status.Code(err) != codes.InvalidArgument {
		t.Fatalf("a pattern of another kind: %v", err)
	}
}
