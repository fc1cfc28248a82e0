"""Spark SQL on tables in S3, which it reaches with nothing but what the catalog gives it: keys to one table's files, or
a signature for each request.

IGLOO_URL is the catalog, IGLOO_SPARK_JAR and IGLOO_S3_JAR are the jars that make Spark an Iceberg engine that knows S3.
AWS_ENDPOINT_URL_S3 and the key beside it are the store's, for the tests alone to look what is there; Spark is started
without them. Every test has a table of its own in each way, so they run in any order.
"""

import json
import os
import re
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError
from spark_session import start

WAYS = {"keys": "vended-credentials", "signed": "remote-signing"}
HEADER = "X-Iceberg-Access-Delegation"


@pytest.fixture(scope="session")
def store():
    """The bucket's client, with a key that may do everything."""
    return boto3.client("s3")


@pytest.fixture(scope="session")
def session(store, tmp_path_factory):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    jars = [os.environ["IGLOO_SPARK_JAR"], os.environ["IGLOO_S3_JAR"]]
    spark = start(tmp_path_factory.mktemp("warehouse"), jars, {name: {f"header.{HEADER}": way} for name, way in WAYS.items()})
    spark.sql("CREATE NAMESPACE keys.db")
    yield spark
    spark.stop()


@pytest.fixture(params=WAYS)
def catalog(request):
    return request.param


@pytest.fixture
def sql(session):
    """Runs a statement; answers its rows as tuples."""
    return lambda statement: [tuple(row) for row in session.sql(statement).collect()]


@pytest.fixture
def table(request, catalog):
    return f"{catalog}.db." + re.sub(r"\W", "_", request.node.name)


@pytest.fixture
def filled(sql, table):
    """A table with three rows, written in two commits."""
    sql(f"CREATE TABLE {table} (id BIGINT, name STRING) USING iceberg")
    sql(f"INSERT INTO {table} VALUES (1, 'a'), (2, 'b')")
    sql(f"INSERT INTO {table} VALUES (3, 'c')")
    return table


def ids(sql, table, rest=""):
    return [row[0] for row in sql(f"SELECT id FROM {table} {rest} ORDER BY id")]


def ask(path, body=None, **headers):
    """Asks the catalog; answers the status and what it said."""
    request = urllib.request.Request(f"{os.environ['IGLOO_URL']}/{path}", body and json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def loaded(table, way):
    status, answer = ask(f"v1/namespaces/db/tables/{table.split('.')[-1]}", **{HEADER: way})
    assert status == 200, answer
    return answer


def objects(store, location):
    """The keys of all objects below a location."""
    bucket, _, folder = location.removeprefix("s3://").partition("/")
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder + "/")
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def test_rows(sql, filled):
    (first,) = sql(f"SELECT snapshot_id FROM {filled}.snapshots ORDER BY committed_at LIMIT 1")[0]
    sql(f"""MERGE INTO {filled} t USING (SELECT 3L AS id, 'cc' AS name UNION ALL SELECT 4L, 'd' UNION ALL SELECT 2L, 'x') s
            ON t.id = s.id
            WHEN MATCHED AND s.name = 'x' THEN DELETE
            WHEN MATCHED THEN UPDATE SET name = s.name
            WHEN NOT MATCHED THEN INSERT *""")
    assert sql(f"SELECT * FROM {filled} ORDER BY id") == [(1, "a"), (3, "cc"), (4, "d")]
    sql(f"ALTER TABLE {filled} SET TBLPROPERTIES ('write.delete.mode' = 'merge-on-read')")
    sql(f"DELETE FROM {filled} WHERE id = 4")
    sql(f"UPDATE {filled} SET name = 'aa' WHERE id = 1")
    assert sql(f"SELECT * FROM {filled} ORDER BY id") == [(1, "aa"), (3, "cc")]
    assert ids(sql, filled, f"VERSION AS OF {first}") == [1, 2]
    assert sql(f"SELECT count(*) FROM {filled}.all_data_files") != [(0,)]


def test_create_and_replace_as_select(sql, filled):
    other = filled + "_of_select"
    sql(f"CREATE TABLE {other} USING iceberg PARTITIONED BY (name) AS SELECT * FROM {filled}")
    assert ids(sql, other) == [1, 2, 3]
    sql(f"REPLACE TABLE {other} USING iceberg AS SELECT id FROM {filled} WHERE id = 3")
    assert ids(sql, other) == [3]


def test_expire_deletes_files(sql, filled, catalog, store):
    location = loaded(filled, WAYS[catalog])["metadata"]["location"]
    sql(f"INSERT OVERWRITE {filled} SELECT * FROM {filled} WHERE id = 3")
    before = objects(store, location)
    sql(f"""CALL {catalog}.system.expire_snapshots(
            table => 'db.{filled.split(".")[-1]}', older_than => TIMESTAMP '2100-01-01', retain_last => 1)""")
    after = objects(store, location)
    assert ids(sql, filled) == [3] and len([key for key in after if "/data/" in key]) == 1 and len(after) < len(before)


def test_drop_keeps_files(sql, filled, catalog, store):
    location = loaded(filled, WAYS[catalog])["metadata"]["location"]
    before = objects(store, location)
    sql(f"DROP TABLE {filled}")
    assert before and objects(store, location) == before


def test_drop_with_purge_deletes_files(sql, filled, catalog, store):
    location = loaded(filled, WAYS[catalog])["metadata"]["location"]
    sql(f"DROP TABLE {filled} PURGE")
    assert objects(store, location) == []
    with pytest.raises(Exception, match="NOT_FOUND"):
        sql(f"SELECT * FROM {filled}")


def test_one_table_opens_no_other(sql, filled, catalog, store):
    """The store itself refuses what the catalog gave for another table, whoever tries."""
    other = filled + "_other"
    sql(f"CREATE TABLE {other} (id BIGINT) USING iceberg")
    mine, theirs = loaded(filled, WAYS[catalog]), loaded(other, WAYS[catalog])
    key, foreign = (objects(store, t["metadata"]["location"])[0] for t in (mine, theirs))
    with_access = keyed if catalog == "keys" else signing
    read, remove = with_access(mine, store.meta.endpoint_url)
    assert read(key) == 200
    assert (read(foreign), remove(foreign)) == (403, 403)
    assert foreign in objects(store, theirs["metadata"]["location"])


def keyed(table, endpoint):
    """Reads and removes an object with the key that was given for a table; answers the store's status."""
    (credential,) = table["storage-credentials"]
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name=credential["config"].get("client.region", "us-east-1"),
        aws_access_key_id=credential["config"]["s3.access-key-id"],
        aws_secret_access_key=credential["config"]["s3.secret-access-key"],
        aws_session_token=credential["config"].get("s3.session-token"))

    def status(call, key):
        try:
            return call(Bucket="lake", Key=key)["ResponseMetadata"]["HTTPStatusCode"]
        except ClientError as refused:
            return refused.response["ResponseMetadata"]["HTTPStatusCode"]

    return lambda key: status(client.get_object, key), lambda key: status(client.delete_object, key)


def signing(table, endpoint):
    """Reads and removes an object with what the catalog signs for a table; answers the store's status. Where nothing is
    signed, the signature of the same request for a file of the table itself is sent instead."""
    config = table["config"]
    own = table["metadata-location"].removeprefix("s3://")

    def status(method, key):
        request = {"region": config["client.region"], "method": method, "headers": {}}
        refused, signed = ask(config["s3.signer.endpoint"], request | {"uri": f"{endpoint}/lake/{key}"})
        if refused != 200:
            assert refused == 403, signed
            _, signed = ask(config["s3.signer.endpoint"], request | {"uri": f"{endpoint}/{own}"})
        headers = {name: ",".join(values) for name, values in signed["headers"].items()}
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{endpoint}/lake/{key}", method=method, headers=headers), timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    return lambda key: status("GET", key), lambda key: status("DELETE", key)
