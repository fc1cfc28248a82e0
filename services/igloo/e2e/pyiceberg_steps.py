"""Goes through what PyIceberg's users do with a catalog and fails on the first surprise.

    pyiceberg_steps.py URL [PROPERTY=VALUE …]

The property writers is how many write at once.
"""

import sys
import threading
import uuid

import pyarrow as pa
import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.expressions import EqualTo, GreaterThan
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.transforms import BucketTransform, IdentityTransform
from pyiceberg.types import IntegerType, ListType, LongType, NestedField, StringType, StructType

SCHEMA = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "name", StringType(), required=False, doc="who"),
    NestedField(3, "address", StructType(NestedField(4, "city", StringType()), NestedField(5, "codes", ListType(6, IntegerType(), False)))),
    identifier_field_ids=[1],
)
PROPERTIES = {"uri": sys.argv[1], **dict(argument.split("=", 1) for argument in sys.argv[2:])}
WRITERS = int(PROPERTIES.pop("writers", "8"))
ROWS = pa.schema([pa.field("n", pa.int64()), pa.field("s", pa.string())])


def rows(*numbers: int) -> pa.Table:
    return pa.table({"n": list(numbers), "s": [f"s{n}" for n in numbers]}, schema=ROWS)


def namespaces(catalog: RestCatalog) -> None:
    catalog.create_namespace("a", {"owner": "x"})
    catalog.create_namespace(("a", "b c/d+e%f.ü"))
    assert catalog.list_namespaces("a") == [("a", "b c/d+e%f.ü")], catalog.list_namespaces("a")
    assert catalog.load_namespace_properties("a")["owner"] == "x"
    done = catalog.update_namespace_properties("a", removals={"owner", "none"}, updates={"k": "v"})
    assert (done.updated, done.removed, done.missing) == (["k"], ["owner"], ["none"]), done
    with pytest.raises(NamespaceAlreadyExistsError):
        catalog.create_namespace("a")
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace("a")
    with pytest.raises(NoSuchNamespaceError):
        catalog.load_namespace_properties("none")
    catalog.drop_namespace(("a", "b c/d+e%f.ü"))
    catalog.drop_namespace("a")
    assert catalog.list_namespaces() == []


def tables(catalog: RestCatalog) -> None:
    catalog.create_namespace("t")
    spec = PartitionSpec(PartitionField(1, 1000, BucketTransform(8), "id_bucket"))
    order = SortOrder(SortField(2, IdentityTransform()))
    table = catalog.create_table("t.one", SCHEMA, partition_spec=spec, sort_order=order, properties={"p": "1"})
    assert table.schema().as_struct() == SCHEMA.as_struct()
    assert table.spec().fields[0].transform == BucketTransform(8)
    assert table.sort_order().fields[0].source_id == 2
    assert catalog.load_table("t.one").metadata == table.metadata
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table("t.one", SCHEMA)
    with pytest.raises(NoSuchNamespaceError):
        catalog.create_table("none.one", SCHEMA)
    with pytest.raises(NoSuchTableError):
        catalog.load_table("t.none")
    assert catalog.table_exists("t.one") and not catalog.table_exists("t.none")
    renamed = catalog.rename_table("t.one", "t.two")
    assert renamed.metadata.table_uuid == table.metadata.table_uuid
    assert catalog.list_tables("t") == [("t", "two")]
    location = renamed.metadata_location
    catalog.drop_table("t.two")
    again = catalog.register_table("t.three", location)
    assert again.metadata.table_uuid == table.metadata.table_uuid
    catalog.drop_table("t.three")
    catalog.drop_namespace("t")


def writing(catalog: RestCatalog) -> None:
    catalog.create_namespace("w")
    table = catalog.create_table("w.rows", ROWS)
    table.append(rows(1, 2, 3))
    table.append(rows(4))
    first = table.history()[0].snapshot_id
    assert table.scan(row_filter=GreaterThan("n", 2)).to_arrow().num_rows == 2
    table.overwrite(rows(9), overwrite_filter=EqualTo("n", 4))
    assert sorted(table.scan().to_arrow()["n"].to_pylist()) == [1, 2, 3, 9]
    table.delete("n = 9")
    table.upsert(rows(3, 5), join_cols=["n"])
    assert sorted(table.scan().to_arrow()["n"].to_pylist()) == [1, 2, 3, 5]
    assert table.scan(snapshot_id=first).to_arrow().num_rows == 3
    table.manage_snapshots().create_tag(first, "first").create_branch(first, "side").commit()
    table.append(rows(7), branch="side")
    table = catalog.load_table("w.rows")
    assert set(table.refs()) == {"main", "first", "side"}
    assert table.scan().use_ref("side").to_arrow().num_rows == 4
    table.manage_snapshots().remove_branch("side").remove_tag("first").commit()
    assert set(catalog.load_table("w.rows").refs()) == {"main"}


def evolving(catalog: RestCatalog) -> None:
    table = catalog.load_table("w.rows")
    with table.update_schema() as update:
        update.add_column("more", StringType())
        update.rename_column("s", "text")
        update.move_first("more")
    with table.update_spec() as update:
        update.add_field("n", BucketTransform(4))
    with table.update_sort_order() as update:
        update.asc("n", IdentityTransform())
    with table.transaction() as transaction:
        transaction.set_properties({"a": "1", "b": "2"})
        transaction.remove_properties("a")
    table = catalog.load_table("w.rows")
    assert [f.name for f in table.schema().fields] == ["more", "n", "text"]
    assert table.properties["b"] == "2" and "a" not in table.properties
    assert len(table.specs()) == 2 and len(table.schemas()) >= 2
    assert table.scan().to_arrow().num_rows == 4


def staging(catalog: RestCatalog) -> None:
    with catalog.create_table_transaction("w.staged", ROWS) as transaction:
        with pytest.raises(NoSuchTableError):
            catalog.load_table("w.staged")
        transaction.append(rows(1, 2))
    assert catalog.load_table("w.staged").scan().to_arrow().num_rows == 2
    late = catalog.create_table_transaction("w.late", ROWS)
    catalog.create_table("w.late", ROWS)
    late.append(rows(1))
    with pytest.raises(CommitFailedException):
        late.commit_transaction()


def contention(catalog: RestCatalog) -> None:
    """Writers at once: whoever is told "done" is in the table, and nobody else."""
    catalog.create_table("w.busy", ROWS, properties={"commit.retry.num-retries": "30"})
    done, lock = [], threading.Lock()

    def writer(n: int) -> None:
        mine = RestCatalog(f"writer{n}", **PROPERTIES)
        try:
            mine.load_table("w.busy").append(rows(n))
        except CommitFailedException:
            return
        with lock:
            done.append(n)

    threads = [threading.Thread(target=writer, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = sorted(catalog.load_table("w.busy").scan().to_arrow()["n"].to_pylist())
    assert stored == sorted(done) and done, (stored, done)


def stale(catalog: RestCatalog) -> None:
    one, two = catalog.load_table("w.rows"), catalog.load_table("w.rows")
    with one.update_schema() as update:
        update.add_column(f"c{uuid.uuid4().hex[:6]}", StringType())
    with pytest.raises(CommitFailedException) as lost:
        with two.update_schema() as update:
            update.add_column("other", StringType())
    assert "schema" in str(lost.value), lost.value


def main() -> None:
    catalog = RestCatalog("igloo", **PROPERTIES)
    for step in (namespaces, tables, writing, evolving, staging, contention, stale):
        step(catalog)
        print(f"ok {step.__name__}")


if __name__ == "__main__":
    main()
