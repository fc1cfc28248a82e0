"""Spark SQL at work on a catalog of Igloo: each test is a thing that people do.

IGLOO_URL is the catalog, IGLOO_SPARK_JAR the jar that makes Spark an Iceberg
engine. Every test has a table of its own, so they run in any order.
"""

import concurrent.futures
import os
import re

import pytest
from spark_session import start

WRITERS, WRITES = 4, 5


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    spark = start(tmp_path_factory.mktemp("warehouse"), [os.environ["IGLOO_SPARK_JAR"]], {"igloo": {"cache-enabled": "false"}})
    spark.sql("CREATE NAMESPACE igloo.db")
    yield spark
    spark.stop()


@pytest.fixture
def sql(session):
    """Runs a statement; answers its rows as tuples."""
    return lambda statement: [tuple(row) for row in session.sql(statement).collect()]


@pytest.fixture
def table(request):
    return "igloo.db." + re.sub(r"\W", "_", request.node.name)


@pytest.fixture
def filled(sql, table):
    """A table with three rows, written in two commits."""
    sql(f"CREATE TABLE {table} (id BIGINT, name STRING) USING iceberg")
    sql(f"INSERT INTO {table} VALUES (1, 'a'), (2, 'b')")
    sql(f"INSERT INTO {table} VALUES (3, 'c')")
    return table


def plain(table):
    """The name of a table without its catalog, as procedures take it."""
    return table.removeprefix("igloo.")


def ids(sql, table, rest=""):
    return [row[0] for row in sql(f"SELECT id FROM {table} {rest} ORDER BY id")]


def snapshots(sql, table):
    return [row[0] for row in sql(f"SELECT snapshot_id FROM {table}.snapshots ORDER BY committed_at")]


def procedure(session, call):
    """Calls a procedure of the catalog; answers its one row by column."""
    return session.sql(f"CALL igloo.system.{call}").collect()[0].asDict()


# Namespaces and tables.


def test_namespaces(sql):
    sql("CREATE NAMESPACE igloo.top COMMENT 'the top' WITH DBPROPERTIES ('team' = 'snow')")
    sql("CREATE NAMESPACE igloo.top.below")
    assert sql("SHOW NAMESPACES IN igloo.top") == [("top.below",)]
    sql("ALTER NAMESPACE igloo.top SET DBPROPERTIES ('team' = 'ice')")
    described = dict(sql("DESCRIBE NAMESPACE EXTENDED igloo.top"))
    assert described["Comment"] == "the top" and "(team,ice)" in described["Properties"]
    with pytest.raises(Exception, match="(?i)not empty"):
        sql("DROP NAMESPACE igloo.top")
    sql("DROP NAMESPACE igloo.top.below")
    sql("DROP NAMESPACE igloo.top")
    assert ("top",) not in sql("SHOW NAMESPACES IN igloo")


def test_create_show_describe_drop(sql, table):
    sql(f"""CREATE TABLE {table} (id BIGINT NOT NULL COMMENT 'key', at TIMESTAMP, data STRING) USING iceberg
            PARTITIONED BY (days(at), bucket(4, id)) COMMENT 'described'""")
    name = table.split(".")[-1]
    assert ("db", name, False) in sql("SHOW TABLES IN igloo.db")
    described = {row[0]: row[1] for row in sql(f"DESCRIBE TABLE EXTENDED {table}")}
    assert described["id"] == "bigint" and described["Part 0"] == "days(at)" and described["Comment"] == "described"
    with pytest.raises(Exception, match="ALREADY_EXISTS"):
        sql(f"CREATE TABLE {table} (id BIGINT) USING iceberg")
    sql(f"CREATE TABLE IF NOT EXISTS {table} (id BIGINT) USING iceberg")
    sql(f"DROP TABLE {table}")
    assert ("db", name, False) not in sql("SHOW TABLES IN igloo.db")
    with pytest.raises(Exception, match="NOT_FOUND"):
        sql(f"SELECT * FROM {table}")


def test_drop_with_purge(sql, filled):
    sql(f"DROP TABLE {filled} PURGE")
    with pytest.raises(Exception, match="NOT_FOUND"):
        sql(f"SELECT * FROM {filled}")


def test_create_and_replace_as_select(sql, filled):
    other = filled + "_of_select"
    sql(f"CREATE TABLE {other} USING iceberg AS SELECT * FROM {filled} WHERE id < 3")
    assert ids(sql, other) == [1, 2]
    sql(f"CREATE OR REPLACE TABLE {other} USING iceberg PARTITIONED BY (name) AS SELECT * FROM {filled}")
    assert ids(sql, other) == [1, 2, 3]
    assert len(snapshots(sql, other)) == 2, "the history goes on when a table is replaced"
    sql(f"REPLACE TABLE {other} USING iceberg AS SELECT id FROM {filled} WHERE id = 3")
    assert ids(sql, other) == [3]


def test_rename(sql, filled):
    sql(f"ALTER TABLE {filled} RENAME TO {plain(filled)}_renamed")
    assert ids(sql, filled + "_renamed") == [1, 2, 3]
    with pytest.raises(Exception, match="NOT_FOUND"):
        sql(f"SELECT * FROM {filled}")


def test_evolve_columns(sql, filled):
    sql(f"ALTER TABLE {filled} ADD COLUMNS (score INT COMMENT 'points', place STRUCT<x: DOUBLE, y: DOUBLE>)")
    sql(f"ALTER TABLE {filled} RENAME COLUMN name TO title")
    sql(f"ALTER TABLE {filled} ALTER COLUMN score TYPE BIGINT")
    sql(f"ALTER TABLE {filled} ADD COLUMN place.z DOUBLE")
    sql(f"ALTER TABLE {filled} ALTER COLUMN title FIRST")
    sql(f"INSERT INTO {filled} VALUES ('d', 4, 5000000000, named_struct('x', 1.0D, 'y', 2.0D, 'z', 3.0D))")
    assert sql(f"SELECT title, score, place.z FROM {filled} WHERE id IN (3, 4) ORDER BY id") == [
        ("c", None, None), ("d", 5000000000, 3.0)]
    sql(f"ALTER TABLE {filled} DROP COLUMN score")
    assert "score" not in [row[0] for row in sql(f"DESCRIBE {filled}")]


def test_evolve_partitions(sql, filled):
    sql(f"ALTER TABLE {filled} ADD PARTITION FIELD bucket(2, id)")
    sql(f"INSERT INTO {filled} VALUES (4, 'd'), (5, 'e')")
    sql(f"ALTER TABLE {filled} REPLACE PARTITION FIELD bucket(2, id) WITH truncate(name, 1) AS initial")
    sql(f"INSERT INTO {filled} VALUES (6, 'f')")
    sql(f"ALTER TABLE {filled} DROP PARTITION FIELD initial")
    assert ids(sql, filled) == [1, 2, 3, 4, 5, 6]
    assert len(sql(f"SELECT DISTINCT spec_id FROM {filled}.files")) == 3


def test_properties_and_order(sql, filled):
    sql(f"ALTER TABLE {filled} SET TBLPROPERTIES ('write.format.default' = 'orc', 'mine' = '1')")
    sql(f"ALTER TABLE {filled} UNSET TBLPROPERTIES ('mine')")
    sql(f"ALTER TABLE {filled} WRITE ORDERED BY id DESC NULLS LAST")
    sql(f"INSERT INTO {filled} VALUES (4, 'd')")
    properties = dict(sql(f"SHOW TBLPROPERTIES {filled}"))
    assert "mine" not in properties and properties["sort-order"] == "id DESC NULLS LAST"
    assert ("ORC",) in sql(f"SELECT DISTINCT file_format FROM {filled}.files")


# Rows.


@pytest.mark.parametrize("mode", ["copy-on-write", "merge-on-read"])
def test_delete_update_merge(sql, filled, mode):
    sql(f"""ALTER TABLE {filled} SET TBLPROPERTIES (
            'write.delete.mode' = '{mode}', 'write.update.mode' = '{mode}', 'write.merge.mode' = '{mode}')""")
    sql(f"DELETE FROM {filled} WHERE id = 1")
    sql(f"UPDATE {filled} SET name = 'bb' WHERE id = 2")
    sql(f"""MERGE INTO {filled} t USING (SELECT 3L AS id, 'cc' AS name UNION ALL SELECT 4L, 'd' UNION ALL SELECT 2L, 'x') s
            ON t.id = s.id
            WHEN MATCHED AND s.name = 'x' THEN DELETE
            WHEN MATCHED THEN UPDATE SET name = s.name
            WHEN NOT MATCHED THEN INSERT *""")
    assert sql(f"SELECT * FROM {filled} ORDER BY id") == [(3, "cc"), (4, "d")]


def test_overwrite(sql, table):
    sql(f"CREATE TABLE {table} (id BIGINT, part STRING) USING iceberg PARTITIONED BY (part)")
    sql(f"INSERT INTO {table} VALUES (1, 'x'), (2, 'y')")
    sql(f"INSERT OVERWRITE {table} PARTITION (part = 'x') VALUES (3)")
    assert ids(sql, table) == [2, 3]
    sql(f"INSERT OVERWRITE {table} VALUES (9, 'z')")
    assert ids(sql, table) == [9]
    sql(f"TRUNCATE TABLE {table}")
    assert ids(sql, table) == []


@pytest.mark.parametrize("version", [1, 2, 3])
def test_format_versions(sql, table, version):
    sql(f"CREATE TABLE {table} (id BIGINT) USING iceberg TBLPROPERTIES ('format-version' = '{version}')")
    sql(f"INSERT INTO {table} VALUES (1), (2)")
    sql(f"DELETE FROM {table} WHERE id = 1")
    assert ids(sql, table) == [2]
    if version < 3:
        sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('format-version' = '{version + 1}')")
        sql(f"INSERT INTO {table} VALUES (7)")
        assert ids(sql, table) == [2, 7]
    else:
        assert sql(f"SELECT _row_id FROM {table}") == [(1,)], "rows have ids of their own"


def test_every_type(sql, table):
    sql(f"""CREATE TABLE {table} (id BIGINT, a BOOLEAN, b INT, c FLOAT, d DOUBLE, e DECIMAL(20, 5), f DATE, g TIMESTAMP,
            h TIMESTAMP_NTZ, i STRING, j BINARY, k ARRAY<INT>, l MAP<STRING, BIGINT>, m STRUCT<n: ARRAY<STRUCT<o: INT>>>,
            p VARIANT) USING iceberg TBLPROPERTIES ('format-version' = '3')""")
    sql(f"""INSERT INTO {table} SELECT 1, true, 2, 3.5, 4.5, 123.45678, DATE '2026-01-02', TIMESTAMP '2026-01-02 03:04:05Z',
            TIMESTAMP_NTZ '2026-01-02 03:04:05', 'é\\u2603', X'00ff', array(1, 2), map('k', 9),
            named_struct('n', array(named_struct('o', 6))), parse_json('{{"q": [1, "two"]}}')""")
    assert sql(f"SELECT b, k[1], l['k'], m.n[0].o, variant_get(p, '$.q[1]', 'string') FROM {table}") == [(2, 2, 9, 6, "two")]


# History.


def test_time_travel(sql, filled):
    first, second = snapshots(sql, filled)
    assert ids(sql, filled, f"VERSION AS OF {first}") == [1, 2]
    assert ids(sql, filled, f"VERSION AS OF {second}") == [1, 2, 3]
    (when,) = sql(f"SELECT committed_at FROM {filled}.snapshots WHERE snapshot_id = {first}")[0]
    assert ids(sql, filled, f"TIMESTAMP AS OF '{when}'") == [1, 2]


def test_branches(session, sql, filled):
    sql(f"ALTER TABLE {filled} CREATE BRANCH audit RETAIN 7 DAYS WITH SNAPSHOT RETENTION 2 SNAPSHOTS")
    sql(f"INSERT INTO {filled}.branch_audit VALUES (4, 'd')")
    assert ids(sql, filled) == [1, 2, 3] and ids(sql, f"{filled}.branch_audit") == [1, 2, 3, 4]
    procedure(session, f"fast_forward('{plain(filled)}', 'main', 'audit')")
    assert ids(sql, filled) == [1, 2, 3, 4]
    sql(f"ALTER TABLE {filled} DROP BRANCH audit")
    assert [row[0] for row in sql(f"SELECT name FROM {filled}.refs")] == ["main"]


def test_tags(sql, filled):
    first, second = snapshots(sql, filled)
    sql(f"ALTER TABLE {filled} CREATE TAG early AS OF VERSION {first} RETAIN 30 DAYS")
    assert ids(sql, filled, "VERSION AS OF 'early'") == [1, 2]
    sql(f"ALTER TABLE {filled} REPLACE TAG early AS OF VERSION {second}")
    assert ids(sql, filled, "VERSION AS OF 'early'") == [1, 2, 3]
    with pytest.raises(Exception, match="(?i)exists"):
        sql(f"ALTER TABLE {filled} CREATE TAG early")
    sql(f"ALTER TABLE {filled} DROP TAG early")


def test_write_audit_publish(session, sql, filled):
    sql(f"ALTER TABLE {filled} SET TBLPROPERTIES ('write.wap.enabled' = 'true')")
    session.conf.set("spark.wap.id", "w1")
    sql(f"INSERT INTO {filled} VALUES (4, 'd')")
    session.conf.unset("spark.wap.id")
    assert ids(sql, filled) == [1, 2, 3], "what is staged is not read"
    procedure(session, f"publish_changes('{plain(filled)}', 'w1')")
    assert ids(sql, filled) == [1, 2, 3, 4]


def test_metadata_tables(sql, filled):
    for name in ("history", "snapshots", "files", "data_files", "delete_files", "entries", "manifests", "partitions",
                 "refs", "metadata_log_entries", "all_data_files", "all_manifests", "position_deletes"):
        sql(f"SELECT * FROM {filled}.{name}")
    assert sql(f"SELECT sum(record_count) FROM {filled}.files") == [(3,)]


# Procedures.


def test_rollback(session, sql, filled):
    first, second = snapshots(sql, filled)
    procedure(session, f"rollback_to_snapshot('{plain(filled)}', {first})")
    assert ids(sql, filled) == [1, 2]
    procedure(session, f"set_current_snapshot('{plain(filled)}', {second})")
    assert ids(sql, filled) == [1, 2, 3]


def test_cherrypick(session, sql, filled):
    first, second = snapshots(sql, filled)
    procedure(session, f"rollback_to_snapshot('{plain(filled)}', {first})")
    procedure(session, f"cherrypick_snapshot('{plain(filled)}', {second})")
    assert ids(sql, filled) == [1, 2, 3]


def test_expire_snapshots(session, sql, filled):
    sql(f"INSERT OVERWRITE {filled} SELECT * FROM {filled} WHERE id = 3")
    done = procedure(session, f"expire_snapshots(table => '{plain(filled)}', older_than => TIMESTAMP '2100-01-01', retain_last => 1)")
    assert done["deleted_data_files_count"] > 0 and len(snapshots(sql, filled)) == 1
    assert ids(sql, filled) == [3]


def test_rewrite_data_files(session, sql, filled):
    for i in range(4, 8):
        sql(f"INSERT INTO {filled} VALUES ({i}, 'x')")
    done = procedure(session, f"rewrite_data_files(table => '{plain(filled)}', options => map('rewrite-all', 'true'))")
    assert done["rewritten_data_files_count"] >= 6
    assert ids(sql, filled) == [1, 2, 3, 4, 5, 6, 7]


def test_rewrite_manifests(session, sql, filled):
    done = procedure(session, f"rewrite_manifests('{plain(filled)}')")
    assert done["rewritten_manifests_count"] == 2
    assert ids(sql, filled) == [1, 2, 3]


def test_rewrite_position_deletes(session, sql, filled):
    sql(f"ALTER TABLE {filled} SET TBLPROPERTIES ('write.delete.mode' = 'merge-on-read')")
    sql(f"INSERT INTO {filled} SELECT id + 10, name FROM {filled}")
    sql(f"DELETE FROM {filled} WHERE id = 11")
    procedure(session, f"rewrite_position_delete_files(table => '{plain(filled)}', options => map('rewrite-all', 'true'))")
    assert ids(sql, filled) == [1, 2, 3, 12, 13]


def test_remove_orphan_files(session, sql, filled):
    sql(f"CALL igloo.system.remove_orphan_files(table => '{plain(filled)}', dry_run => true)")
    assert ids(sql, filled) == [1, 2, 3]


def test_ancestors_and_statistics(session, sql, filled):
    assert len(sql(f"CALL igloo.system.ancestors_of('{plain(filled)}')")) == 2
    assert procedure(session, f"compute_table_stats('{plain(filled)}')")["statistics_file"].endswith(".stats")


def test_add_files(session, sql, table, tmp_path):
    session.range(5).write.parquet(str(tmp_path / "plain"))
    sql(f"CREATE TABLE {table} (id BIGINT) USING iceberg")
    done = procedure(session, f"add_files('{plain(table)}', '`parquet`.`{tmp_path}/plain`')")
    assert done["added_files_count"] > 0
    assert ids(sql, table) == [0, 1, 2, 3, 4]


def test_register_table(session, sql, filled):
    (location,) = sql(f"SELECT file FROM {filled}.metadata_log_entries ORDER BY timestamp DESC LIMIT 1")[0]
    sql(f"DROP TABLE {filled}")  # one table has one name
    procedure(session, f"register_table('{plain(filled)}_registered', '{location}')")
    assert ids(sql, filled + "_registered") == [1, 2, 3]


def test_changelog(session, sql, filled):
    view = procedure(session, f"create_changelog_view(table => '{plain(filled)}')")["changelog_view"]
    assert [row._change_type for row in session.table(view).collect()] == ["INSERT"] * 3


# Views.


def test_views(sql, filled):
    view = filled + "_view"
    sql(f"CREATE VIEW {view} (number COMMENT 'the id') COMMENT 'odd ones' TBLPROPERTIES ('k' = 'v') AS SELECT id FROM {filled} WHERE id % 2 = 1")
    assert sql(f"SELECT number FROM {view} ORDER BY 1") == [(1,), (3,)]
    sql(f"CREATE OR REPLACE VIEW {view} AS SELECT id, upper(name) AS name FROM {filled}")
    assert ("C",) in sql(f"SELECT name FROM {view}")
    sql(f"ALTER VIEW {view} SET TBLPROPERTIES ('k' = 'w')")
    assert ("k", "w") in sql(f"SHOW TBLPROPERTIES {view}")
    assert view.split(".")[-1] in [row[1] for row in sql("SHOW VIEWS IN igloo.db")]
    with pytest.raises(Exception, match="(?i)already.exists"):
        sql(f"CREATE TABLE {view} (id BIGINT) USING iceberg")
    sql(f"ALTER VIEW {view} RENAME TO {view}_renamed")
    assert len(sql(f"SELECT * FROM {view}_renamed")) == 3
    sql(f"DROP VIEW {view}_renamed")
    assert view.split(".")[-1] + "_renamed" not in [row[1] for row in sql("SHOW VIEWS IN igloo.db")]


# Many at once.


def test_concurrent_appends(sql, table):
    sql(f"""CREATE TABLE {table} (id BIGINT, name STRING) USING iceberg
            TBLPROPERTIES ('commit.retry.num-retries' = '20', 'commit.retry.min-wait-ms' = '10')""")

    def write(writer):
        for i in range(WRITES):
            sql(f"INSERT INTO {table} VALUES ({writer * WRITES + i}, 'w{writer}')")

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert ids(sql, table) == list(range(WRITERS * WRITES)), "every write is there once"
    assert len(snapshots(sql, table)) == WRITERS * WRITES


def test_concurrent_updates_conflict(sql, filled):
    """Of writers that change one row at once, one wins at a time and the rest are told, so that no update is lost."""
    sql(f"CREATE TABLE {filled}_counter (id BIGINT, n BIGINT) USING iceberg TBLPROPERTIES ('write.update.isolation-level' = 'serializable')")
    sql(f"INSERT INTO {filled}_counter VALUES (1, 0)")

    def increment(_):
        try:
            sql(f"UPDATE {filled}_counter SET n = n + 1 WHERE id = 1")
            return 1
        except Exception as e:
            assert re.search("conflict|Cannot commit|changed|concurrent|Missing required files", str(e)), e
            return 0

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        done = sum(pool.map(increment, range(WRITERS)))
    assert done >= 1
    assert sql(f"SELECT n FROM {filled}_counter") == [(done,)]
