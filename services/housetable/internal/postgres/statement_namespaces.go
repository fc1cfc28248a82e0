package postgres

// namespaceResult begins the result of a change of a namespace, as
// namespaceRest ends it around the version and the properties.
const (
	namespaceFields = `'' AS table_id, 0::smallint AS kind, NULL::uuid AS uuid`
	namespaceRest   = `'' AS metadata_location, NULL::text AS storage_type, NULL::bigint AS creation_time_ms, created_at, now() AS updated_at,
		NULL::bigint AS deleted_at_ms, NULL::bigint AS purge_after_ms, NULL::text AS previous_database_id, NULL::text AS previous_table_id,
		NULL::text AS previous_metadata_location, properties, NULL::text AS owner`
)

// foundPart needs the parent and a free id. What it will refer to is locked before
// it has the head of the grants, for which a drop of the parent waits.
func (b *batch) foundPart(args *[]any) part {
	return part{
		before: []string{
			"f AS MATERIALIZED (SELECT u.*, " + keyOf("db", "dbf", "dbk") + ", nullif(" +
				"CASE WHEN w.case_insensitive THEN u.parentf ELSE u.parent END, '') AS pk" +
				" FROM " + b.founded.unnest(args) + " JOIN warehouse w ON w.warehouse_id = u.wh)",
			`fp AS MATERIALIZED (SELECT f.req, f.idx FROM f JOIN namespace n ON n.warehouse_id = f.wh AND n.database_key = f.pk
				ORDER BY n.warehouse_id, n.database_key FOR KEY SHARE OF n)`,
		},
		fit: `SELECT req FROM f WHERE NOT EXISTS (SELECT 1 FROM namespace n WHERE n.warehouse_id = f.wh AND n.database_key = f.dbk)
			AND (f.pk IS NULL OR (f.req, f.idx) IN (SELECT req, idx FROM fp))`,
		apply: []string{
			`ff AS (INSERT INTO namespace (warehouse_id, database_key, parent_key, database_id, properties, version)
				SELECT f.wh, f.dbk, f.pk, f.db, f.properties::jsonb, 1 FROM f JOIN go ON go.req = f.req ORDER BY f.wh, f.dbk
				RETURNING warehouse_id, database_key, database_id, version, created_at, properties)`,
		},
		access: []string{foundOwn},
		result: `SELECT f.req, f.idx, 'create' AS action, ff.database_id, ` + namespaceFields + `, ff.version, '' AS metadata_location,
			NULL::text AS storage_type, NULL::bigint AS creation_time_ms, ff.created_at, ff.created_at AS updated_at, NULL::bigint AS deleted_at_ms,
			NULL::bigint AS purge_after_ms, NULL::text AS previous_database_id, NULL::text AS previous_table_id,
			NULL::text AS previous_metadata_location, ff.properties, NULL::text AS owner
			FROM ff JOIN f ON f.wh = ff.warehouse_id AND f.dbk = ff.database_key`,
	}
}

// closePart locks the namespace and looks inside; what a rival puts in
// meanwhile, the foreign keys hold.
func (b *batch) closePart(args *[]any) part {
	return part{
		before: []string{
			"x AS MATERIALIZED (SELECT u.*, " + keyOf("db", "dbf", "dbk") +
				" FROM " + b.closed.unnest(args) + " JOIN warehouse w ON w.warehouse_id = u.wh)",
			`xl AS MATERIALIZED (SELECT x.req, x.idx, x.xversion, n.* FROM x JOIN namespace n ON n.warehouse_id = x.wh AND n.database_key = x.dbk
				ORDER BY n.warehouse_id, n.database_key FOR UPDATE OF n)`,
		},
		fit: `SELECT req FROM xl WHERE xversion IN (0, version)
			AND NOT EXISTS (SELECT 1 FROM house_table h WHERE h.warehouse_id = xl.warehouse_id AND h.database_key = xl.database_key)
			AND NOT EXISTS (SELECT 1 FROM namespace n WHERE n.warehouse_id = xl.warehouse_id AND n.parent_key = xl.database_key)`,
		apply: []string{
			`xd AS (DELETE FROM namespace n USING xl JOIN go ON go.req = xl.req
				WHERE n.warehouse_id = xl.warehouse_id AND n.database_key = xl.database_key)`,
		},
		access: []string{closedLose},
		result: `SELECT xl.req, xl.idx, 'drop' AS action, database_id, ` + namespaceFields + `, version + 1 AS version, ` + namespaceRest + `
			FROM xl JOIN go ON go.req = xl.req`,
	}
}

// amendPart locks the namespace, so that properties others set meanwhile stay.
func (b *batch) amendPart(args *[]any) part {
	return part{
		before: []string{
			"y AS MATERIALIZED (SELECT u.*, " + keyOf("db", "dbf", "dbk") +
				" FROM " + b.amended.unnest(args) + " JOIN warehouse w ON w.warehouse_id = u.wh)",
			`yl AS MATERIALIZED (SELECT y.req, y.idx, y.xversion, y.updates, y.removals, n.* FROM y JOIN namespace n ON n.warehouse_id = y.wh AND n.database_key = y.dbk
				ORDER BY n.warehouse_id, n.database_key FOR UPDATE OF n)`,
		},
		fit: "SELECT req FROM yl WHERE xversion IN (0, version)",
		apply: []string{
			`yu AS (UPDATE namespace n SET version = yl.version + 1,
					properties = (yl.properties - ARRAY(SELECT jsonb_object_keys(yl.removals::jsonb))) || yl.updates::jsonb
				FROM yl JOIN go ON go.req = yl.req WHERE n.warehouse_id = yl.warehouse_id AND n.database_key = yl.database_key
				RETURNING yl.req, yl.idx, n.database_id, n.version, n.created_at, n.properties)`,
		},
		result: `SELECT req, idx, 'update' AS action, database_id, ` + namespaceFields + `, version, ` + namespaceRest + ` FROM yu`,
	}
}
