"""Chooses, among PyIceberg's integration tests, those that judge a REST catalog alone.

Left out by what they ask for: a Spark or Hive server of PyIceberg's own, and
catalogs that are no REST catalog. Left out by name: tests that need tables which
PyIceberg's set-up writes with Spark, an object store at a fixed address, or a
download. Everything else is kept, so a test that a new version adds is run.
"""

SERVERS = {"spark", "hive_catalog", "session_catalog_hive", "catalog_with_warehouse"}
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
# Of the tests of behaviour: what is looked for is the words of an error, a class
# of error, a method, a property or a schema id that only a catalog in the process has.
NEED_A_CATALOG_IN_THE_PROCESS = tuple(
    f"test_catalog_behaviors.py::{name}"
    for name in (
        "test_create_table_without_namespace",
        "test_create_tables_idempotency",
        "test_commit_table",
        "test_catalog_commit_table_applies_schema_updates",
        "test_concurrent_commit_table",
        "test_create_namespace_with_null_properties",
        "test_create_namespace_with_empty_identifier",
        "test_load_empty_namespace_properties",
        "test_get_namespace_metadata_raises_error_when_namespace_does_not_exist",
        "test_update_namespace_metadata_raises_error_when_namespace_does_not_exist",
    )
)
NEED_AN_OBJECT_STORE += tuple(
    f"test_catalog_behaviors.py::{name}" for name in ("test_register_table", "test_register_existing_table")
)
LEFT_OUT = NEED_A_CATALOG_IN_THE_PROCESS + NEED_TABLES_BY_SPARK + NEED_AN_OBJECT_STORE + NEED_A_DOWNLOAD


def pytest_collection_modifyitems(config, items):
    kept = [item for item in items if judges_a_rest_catalog(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def judges_a_rest_catalog(item):
    asks_for = set(item.fixturenames) | {str(name) for name in parameters(item)}
    if asks_for & SERVERS or any(name.startswith(OTHER_CATALOGS) for name in asks_for):
        return False
    if "test_catalog_behaviors.py" in item.nodeid and "catalog" not in asks_for:
        return False
    return not any(name in item.nodeid for name in LEFT_OUT)


def parameters(item):
    """The fixtures that a test gets by way of its parameters."""
    call = getattr(item, "callspec", None)
    return [getattr(value, "name", "") for value in call.params.values()] if call else []
