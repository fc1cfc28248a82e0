"""Chooses, among PyIceberg's integration tests, those that judge a REST catalog alone.

Left out by what they ask for: a Spark or Hive server of PyIceberg's own, and
catalogs that are no REST catalog. Left out by name: tests that need tables which
PyIceberg's set-up writes with Spark, an object store at a fixed address, or a
download. Everything else is kept, so a test that a new version adds is run.
"""

SERVERS = {"spark", "hive_catalog", "session_catalog_hive"}
OTHER_CATALOGS = ("memory_catalog", "sqlite_catalog", "hive_catalog", "session_catalog_hive")

NEED_TABLES_BY_SPARK = (
    "test_reads.py",
    "test_snapshot_operations.py",
    "test_rest_manifest.py",
    "test_sanitize_character_partitioned_avro_bug",
)
NEED_AN_OBJECT_STORE = (
    "test_add_files_with_timestamp_tz_ns_fails",
    "test_add_files_hour_transform",
    "test_merge_manifests_file_content",
)
NEED_A_DOWNLOAD = ("test_duckdb_url_import",)
LEFT_OUT = NEED_TABLES_BY_SPARK + NEED_AN_OBJECT_STORE + NEED_A_DOWNLOAD


def pytest_collection_modifyitems(config, items):
    kept = [item for item in items if judges_a_rest_catalog(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def judges_a_rest_catalog(item):
    asks_for = set(item.fixturenames) | {str(name) for name in parameters(item)}
    if asks_for & SERVERS or any(name.startswith(OTHER_CATALOGS) for name in asks_for):
        return False
    return not any(name in item.nodeid for name in LEFT_OUT)


def parameters(item):
    """The fixtures that a test gets by way of its parameters."""
    call = getattr(item, "callspec", None)
    return [getattr(value, "name", "") for value in call.params.values()] if call else []
