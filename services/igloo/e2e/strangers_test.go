package e2e_test

import (
	"net/http"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/idptest"
)

// stranger is who may do nothing, and how that is said.
type stranger struct {
	name, token string
	status      int
}

func (m *matrix) strangers(t *testing.T) []stranger {
	t.Helper()
	owner := func(changes idptest.Claims) idptest.Claims {
		changes["sub"] = "owner"
		return changes
	}
	good := m.corp.Token(t, owner(idptest.Claims{}))
	return []stranger{
		{"nobody", "", http.StatusUnauthorized},
		{"who has a token that is none", "x.y.z", http.StatusUnauthorized},
		{"who has cut a token", good[:len(good)-4], http.StatusUnauthorized},
		{"who comes too late", m.corp.Token(t, owner(idptest.Claims{"exp": 1700000000})), http.StatusUnauthorized},
		{"who comes too early", m.corp.Token(t, owner(idptest.Claims{"nbf": 32500000000})), http.StatusUnauthorized},
		{"who has a token for somebody else", m.corp.Token(t, owner(idptest.Claims{"aud": "another"})), http.StatusUnauthorized},
		{"who comes from an unknown provider", idptest.New(t).Token(t, owner(idptest.Claims{})), http.StatusUnauthorized},
		{"whom another provider has signed for", m.tenants.Token(t, owner(idptest.Claims{"iss": m.corp.URL})), http.StatusUnauthorized},
		{"the owner's namesake of another provider", m.tenants.Token(t, owner(idptest.Claims{})), http.StatusForbidden},
		{"the owner of another warehouse", m.corp.Token(t, idptest.Claims{"sub": "tenant"}), http.StatusForbidden},
	}
}

// overHTTP is a request.
type overHTTP struct{ method, path, body string }

// overHTS are requests to every route of the house table service, of the warehouse
// default, that are refused to strangers whatever they name.
func overHTS() []overHTTP {
	const (
		table  = `{"entity":{"databaseId":"r0","tableId":"t","tableVersion":"/0","metadataLocation":"/1"}}`
		job    = `{"entity":{"jobId":"j","state":"QUEUED","jobName":"j","clusterId":"c"}}`
		object = `{"kind":"namespace","databaseId":"r0"}`
		grants = `{"grants":[{"object":` + object + `,"grantee":"everyone","privilege":"describe"}]}`
		named  = "?databaseId=r0&tableId=t"
	)
	return []overHTTP{
		{"GET", "/hts/tables" + named, ""},
		{"PUT", "/hts/tables", table},
		{"DELETE", "/hts/tables" + named, ""},
		{"GET", "/hts/tables/query?databaseId=r0", ""},
		{"GET", "/v1/hts/tables/query?databaseId=r0", ""},
		{"DELETE", "/v1/hts/tables" + named, ""},
		{"GET", "/hts/tables/querySoftDeleted?databaseId=r0", ""},
		{"PUT", "/hts/tables/restore" + named + "&deletedAtMs=1", ""},
		{"DELETE", "/hts/tables/purge" + named, ""},
		{"PATCH", "/hts/tables/rename?fromDatabaseId=r0&fromTableId=t&toDatabaseId=r0&toTableId=u&metadataLocation=/1", ""},
		{"GET", "/hts/jobs?jobId=j", ""},
		{"PUT", "/hts/jobs", job},
		{"DELETE", "/hts/jobs?jobId=j", ""},
		{"GET", "/hts/jobs/query", ""},
		{"PATCH", "/hts/jobs/heartbeat?jobId=j", ""},
		{"POST", "/hts/jobs/claim?engineType=e&leaseSeconds=9", ""},
		{"POST", "/hts/warehouses", `{"warehouse":{"name":"mine"}}`},
		{"GET", "/hts/warehouses/default", ""},
		{"PATCH", "/hts/warehouses/default", `{}`},
		{"DELETE", "/hts/warehouses/default", ""},
		{"POST", "/hts/namespaces", `{"namespace":{"databaseId":"mine"}}`},
		{"GET", "/hts/namespaces/r0", ""},
		{"GET", "/hts/namespaces", ""},
		{"PATCH", "/hts/namespaces/r0", `{"removals":["k"]}`},
		{"DELETE", "/hts/namespaces/r0", ""},
		{"GET", "/hts/history" + "?key.databaseId=r0&key.tableId=t", ""},
		{"POST", "/hts/access/grants", grants},
		{"POST", "/hts/access/revocations", grants},
		{"GET", "/hts/access/grants?object.kind=warehouse", ""},
		{"POST", "/hts/access/roles", `{"role":{"name":"mine"}}`},
		{"GET", "/hts/access/roles/none", ""},
		{"DELETE", "/hts/access/roles/none", ""},
		{"GET", "/hts/access/roles", ""},
		{"GET", "/hts/access/explanation?principal=corp:owner&privilege=select&object.kind=namespace&object.databaseId=r0", ""},
	}
}

// send asks the house table service.
func (s stranger) send(t *testing.T, m *matrix, r overHTTP) (int, string) {
	t.Helper()
	if s.token == "" {
		return ask(t, r.method, m.HTS+r.path, r.body)
	}
	return ask(t, r.method, m.HTS+r.path, r.body, "Authorization", "Bearer "+s.token)
}
