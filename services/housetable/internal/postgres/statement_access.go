package postgres

import "strings"

// What the parts of the statement do to grants are queries of these columns:
// whoever makes a namespace is granted it, and what is dropped for good is left
// with no grants, which is an entry without a grantee.
const (
	ownNamespace = ` AS id, 'user:' || go.owner AS grantee, 'own' AS privilege, false AS revoked, go.owner AS granted_by`
	foundOwn     = `SELECT f.wh, 'namespace' AS kind, f.dbk` + ownNamespace + ` FROM ff
		JOIN f ON f.wh = ff.warehouse_id AND f.dbk = ff.database_key JOIN go ON go.req = f.req WHERE go.owner <> ''`
	implicitOwn = `SELECT * FROM (SELECT DISTINCT ON (c.wh, c.dbk) c.wh, 'namespace' AS kind, c.dbk` + ownNamespace + ` FROM fi
		JOIN c ON c.wh = fi.warehouse_id AND c.dbk = fi.database_key JOIN go ON go.req = c.req ORDER BY c.wh, c.dbk, c.req) made WHERE granted_by <> ''`

	noneLeft    = ` AS id, '' AS grantee, '' AS privilege, true AS revoked, '' AS granted_by`
	closedLose  = `SELECT xl.warehouse_id AS wh, 'namespace' AS kind, xl.database_key` + noneLeft + ` FROM xl JOIN go ON go.req = xl.req`
	droppedLose = `SELECT DISTINCT dg.warehouse_id AS wh, dg.object_kind AS kind, dg.object_id` + noneLeft + ` FROM dg`

	// dropGrants takes away what is granted on what is dropped for good, and
	// purgedGrants what is on the house tables "gone". The grants on a namespace go
	// by their foreign key.
	dropGrants    = `dg AS (DELETE FROM access_grant g USING d WHERE NOT d.soft AND g.warehouse_id = d.wh` + ofTable + `d.kind` + ofUUID + `d.uuid` + returnGrants
	purgedGrants  = `, dg AS (DELETE FROM access_grant g USING gone d WHERE g.warehouse_id = d.warehouse_id` + ofTable + `d.kind` + ofUUID + `d.uuid` + returnGrants
	ofTable       = ` AND g.object_kind = (ARRAY['table', 'view', 'function'])[`
	ofUUID        = `] AND g.object_id = `
	returnGrants  = `::text RETURNING g.warehouse_id, g.object_kind, g.object_id)`
	countVersions = `am AS MATERIALIZED (SELECT x.*, row_number() OVER (PARTITION BY wh ORDER BY kind, id) AS n, count(*) OVER (PARTITION BY wh) AS total FROM (`
	// Whoever has the head keeps it until the end, so all other locks come first.
	raiseHead = `) x),
		ah AS (INSERT INTO access_head (warehouse_id, version) SELECT wh, count(*) FROM am`
	writeGrants = ` GROUP BY wh ORDER BY wh
			ON CONFLICT (warehouse_id) DO UPDATE SET version = access_head.version + excluded.version RETURNING warehouse_id, version),
		ag AS (INSERT INTO access_grant (warehouse_id, object_kind, object_id, grantee, privilege, version, revoked, granted_by)
			SELECT am.wh, am.kind, am.id, am.grantee, am.privilege, ah.version - am.total + am.n, am.revoked, am.granted_by
			FROM am JOIN ah ON ah.warehouse_id = am.wh` + replaceGrant + `)`
	replaceGrant = ` ON CONFLICT (warehouse_id, object_kind, object_id, grantee, privilege) DO UPDATE
			SET version = excluded.version, revoked = excluded.revoked, granted_by = excluded.granted_by, granted_at = now()`
)

// losePurged takes away what is granted on the house tables "gone".
var losePurged = purgedGrants + ", " + changeGrants([]string{droppedLose}, "")

// changeGrants writes what the queries select, behind those that begin with
// first: a condition on what must be done before.
func changeGrants(queries []string, first string) string {
	return countVersions + strings.Join(queries, "\nUNION ALL ") + raiseHead + first + writeGrants
}
