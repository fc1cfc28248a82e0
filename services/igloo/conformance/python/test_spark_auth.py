"""Spark SQL where callers have to say who they are and may do what they are granted, with Spark's own settings alone:
a credential, or a token.

IGLOO_URL is the catalog, IGLOO_HTS where grants are given, IGLOO_SPARK_JAR the jar that makes Spark an Iceberg engine.
IGLOO_TOKENS and IGLOO_PLAIN_TOKENS are where two identity providers give tokens, the first for old ones too; NAME's
secret is secret-of-NAME at both. IGLOO_ROOT is the credential of who may do everything, where the catalog itself gives
tokens, else that is owner. IGLOO_EXPIRED is a token that is over.
"""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from spark_session import start

URL, HTS, TOKENS, PLAIN = (os.environ[name] for name in ("IGLOO_URL", "IGLOO_HTS", "IGLOO_TOKENS", "IGLOO_PLAIN_TOKENS"))
ROOT, SCOPE = os.environ["IGLOO_ROOT"], "lake"
LONG = 60  # seconds that anything may take on a machine that has other work


def credential(name, tokens=TOKENS):
    """What Spark is told to be somebody by a credential."""
    return {"credential": f"{name}:secret-of-{name}", "oauth2-server-uri": tokens, "scope": SCOPE}


def post(url, body, **headers):
    """Asks; answers the status and what was said."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=LONG) as answer:
            return answer.status, json.load(answer) if answer.status == 200 else None
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def token(who, secret, tokens=TOKENS, scope=SCOPE):
    form = {"grant_type": "client_credentials", "client_id": who, "client_secret": secret, "scope": scope}
    status, answer = post(tokens, urllib.parse.urlencode(form).encode())
    assert status == 200, answer
    return answer["access_token"]


def token_of(name, tokens=TOKENS):
    return token(name, f"secret-of-{name}", tokens)


# Who works in Spark, by the catalog that is them. The briefs' tokens are over in seconds, and theirs alone.
OWNER = {"credential": ROOT} if ROOT else credential("owner")
WAYS = {"ann": "credential", "ben": "token"}
CATALOGS = {
    "owner": OWNER,
    "ann": credential("ann"),
    "ben": {},  # is given a token below
    "exchanging": credential("brief"),
    "renewing": credential("brief", PLAIN),
    "handed": {"scope": SCOPE},
    "ending": {"scope": SCOPE},
    "late": {"token": os.environ["IGLOO_EXPIRED"]},
    "wrong": credential("ann") | {"credential": "ann:guessed"},
}


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    spark = start(tmp_path_factory.mktemp("warehouse"), [os.environ["IGLOO_SPARK_JAR"]],
                  {name: {"cache-enabled": "false"} | properties for name, properties in CATALOGS.items()})
    spark.conf.set("spark.sql.catalog.ben.token", token_of("ben"))
    yield spark
    spark.stop()


@pytest.fixture(scope="session")
def sql(session):
    """Runs a statement; answers its rows as tuples."""
    return lambda statement: [tuple(row) for row in session.sql(statement).collect()]


@pytest.fixture(scope="session")
def lake(sql):
    """What the owner has: tables that somebody may read, may write, and may not see."""
    for namespace in ("sales", "secret", "work"):
        sql(f"CREATE NAMESPACE owner.{namespace}")
    for path in ("sales.orders", "sales.prices", "secret.plans", "sales.ann", "sales.ben"):
        sql(f"CREATE TABLE owner.{path} (id BIGINT, name STRING) USING iceberg")
        sql(f"INSERT INTO owner.{path} VALUES (1, 'a'), (2, 'b')")
    for name in WAYS:
        give(on_table("sales.orders", name, "select"), on_table(f"sales.{name}", name, "write"))
        give(on_namespace("work", name, "create"))
    sql("CREATE VIEW owner.sales.first AS SELECT name FROM sales.orders WHERE id = 1")
    give(grant("view", "ann", "select", "corp", databaseId="sales", tableId="first"))
    for issuer in ("corp", "plain"):
        give(on_table("sales.orders", "brief", "select", issuer))
    for name in WAYS:
        until(lambda name=name: not refusal(sql, f"SELECT * FROM {name}.sales.{name}"))
        until(lambda name=name: not refusal(sql, f"SHOW TABLES IN {name}.work"))


def grant(kind, name, privilege, issuer, **names):
    return {"object": {"kind": kind, **names}, "grantee": f"user:{issuer}:{name}", "privilege": privilege}


def on_namespace(database, name, privilege, issuer="corp"):
    return grant("namespace", name, privilege, issuer, databaseId=database)


def on_table(path, name, privilege, issuer="corp"):
    database, last = path.split(".")
    return grant("table", name, privilege, issuer, databaseId=database, tableId=last)


def change(what, **body):
    owner = token(*ROOT.split(":"), tokens=f"{URL}/v1/oauth/tokens") if ROOT else token_of("owner")
    status, answer = post(f"{HTS}/hts/access/{what}", json.dumps(body).encode(), Authorization=f"Bearer {owner}", **{"Content-Type": "application/json"})
    assert status in (200, 204), (status, answer)


def give(*grants):
    change("grants", grants=grants)


def until(done):
    limit = time.monotonic() + LONG
    while not done():
        assert time.monotonic() < limit, "never"
        time.sleep(0.2)


def refusal(sql, statement):
    """Why a statement is refused; nothing if it is not."""
    try:
        sql(statement)
    except Exception as refused:
        return str(refused)
    return ""


def may_not(sql, statement, privilege, what):
    """The engine fails by the catalog's own refusal, which says who may not do what."""
    said = refusal(sql, statement)
    assert f"may not {privilege} {what}" in said and "Forbidden" in said, f"{statement}: {said or 'is not refused'}"


@pytest.fixture(params=WAYS, ids=lambda name: WAYS[name])
def who(request, lake):
    return request.param


def test_reads(sql, who):
    assert sql(f"SELECT * FROM {who}.sales.orders ORDER BY id") == [(1, "a"), (2, "b")]
    assert sql(f"SELECT count(*) FROM {who}.sales.orders.snapshots") == [(1,)]
    for other in ("sales.prices", "secret.plans", "sales.none", "none.none"):
        may_not(sql, f"SELECT * FROM {who}.{other}", "describe", f"table {other}")


def test_views(sql, lake):
    """A view is granted by itself, and so is what it reads."""
    assert sql("SELECT * FROM ann.sales.first") == [("a",)]
    may_not(sql, "SELECT * FROM ben.sales.first", "describe", "table sales.first")
    assert [row[1] for row in sql("SHOW VIEWS IN ann.sales")] == ["first"] and sql("SHOW VIEWS IN ben.sales") == []


def test_lists(sql, who):
    assert sql(f"SHOW NAMESPACES IN {who}") == [("sales",)]
    assert sorted(row[1] for row in sql(f"SHOW TABLES IN {who}.sales")) == sorted([who, "orders"])
    may_not(sql, f"SHOW TABLES IN {who}.secret", "list", "namespace secret")
    assert {row[1] for row in sql("SHOW TABLES IN owner.sales")} == {"orders", "prices", "ann", "ben"}


def test_writes(sql, who):
    mine = f"{who}.sales.{who}"
    sql(f"INSERT INTO {mine} VALUES (3, 'c')")
    sql(f"UPDATE {mine} SET name = 'bb' WHERE id = 2")
    sql(f"DELETE FROM {mine} WHERE id = 1")
    sql(f"ALTER TABLE {mine} ADD COLUMN more STRING")
    assert sql(f"SELECT * FROM owner.sales.{who} ORDER BY id") == [(2, "bb", None), (3, "c", None)]
    for statement in (f"INSERT INTO {who}.sales.orders VALUES (9, 'z')", f"DELETE FROM {who}.sales.orders WHERE id = 1",
                      f"ALTER TABLE {who}.sales.orders ADD COLUMN more STRING"):
        may_not(sql, statement, "write", "table sales.orders")
    assert sql("SELECT * FROM owner.sales.orders ORDER BY id") == [(1, "a"), (2, "b")]


def test_creates_and_drops(sql, who):
    """Who makes a table owns it; what somebody else made there is not theirs."""
    mine, other = f"{who}.work.of_{who}", next(name for name in WAYS if name != who)
    sql(f"CREATE TABLE {mine} USING iceberg AS SELECT * FROM {who}.sales.orders")
    sql(f"INSERT INTO {mine} VALUES (3, 'c')")
    assert sql(f"SELECT count(*) FROM {mine}") == [(3,)]
    may_not(sql, f"SELECT * FROM {other}.work.of_{who}", "describe", f"table work.of_{who}")
    assert sql(f"SHOW TABLES IN {other}.work") == []
    sql(f"ALTER TABLE {mine} RENAME TO work.moved_{who}")
    sql(f"DROP TABLE {who}.work.moved_{who}")
    assert sql(f"SHOW TABLES IN {who}.work") == []


def test_creates_nothing_elsewhere(sql, who):
    for statement in (f"CREATE NAMESPACE {who}.mine", f"CREATE TABLE {who}.sales.new (id BIGINT) USING iceberg", f"DROP NAMESPACE {who}.work"):
        said = refusal(sql, statement)  # without who may not do what: it asks by HEAD first, whose answer has no words
        assert "ForbiddenException" in said, f"{statement}: {said or 'is not refused'}"
    assert not {"mine", "new"} & {row[-1] for row in sql("SHOW NAMESPACES IN owner") + [row[:2] for row in sql("SHOW TABLES IN owner.sales")]}
    for dropped in ("orders", who):
        may_not(sql, f"DROP TABLE {who}.sales.{dropped}", "drop", f"table sales.{dropped}")
    assert ("work",) in sql("SHOW NAMESPACES IN owner")
    may_not(sql, f"ALTER TABLE {who}.sales.orders RENAME TO work.stolen_{who}", "drop", "table sales.orders")


def test_revoked(sql, who):
    """What is revoked is over when that is answered, for sessions that are open."""
    sql(f"CREATE TABLE owner.sales.lent_{who} (id BIGINT) USING iceberg")
    lent = on_table(f"sales.lent_{who}", who, "select")
    give(lent)
    until(lambda: not refusal(sql, f"SELECT * FROM {who}.sales.lent_{who}"))
    change("revocations", wait=True, grants=[lent])
    may_not(sql, f"SELECT * FROM {who}.sales.lent_{who}", "describe", f"table sales.lent_{who}")
    sql(f"DROP TABLE owner.sales.lent_{who}")


def believed(token):
    status, _ = post(f"{URL}/v1/config?warehouse=default", None, Authorization=f"Bearer {token}")
    return status == 200


@pytest.fixture(scope="session")
def outlived(session, sql, lake):
    """Sessions of the briefs, all of whose first tokens are over; one cannot have another."""
    session.conf.set("spark.sql.catalog.handed.token", token_of("brief"))
    session.conf.set("spark.sql.catalog.ending.token", token_of("brief", PLAIN))
    for name in ("exchanging", "renewing", "handed", "ending"):
        assert sql(f"SELECT count(*) FROM {name}.sales.orders") == [(2,)]
    for last in (token_of("brief"), token_of("brief", PLAIN)):
        until(lambda last=last: not believed(last))


@pytest.mark.parametrize("name", ["exchanging", "renewing", "handed"])
def test_outlives_its_token(sql, outlived, name):
    assert sql(f"SELECT count(*) FROM {name}.sales.orders") == [(2,)]
    may_not(sql, f"INSERT INTO {name}.sales.orders VALUES (9, 'z')", "write", "table sales.orders")


def test_ends_with_its_token(sql, outlived):
    said = refusal(sql, "SELECT * FROM ending.sales.orders")
    assert "NotAuthorized" in said and "expired at 20" in said, said


def test_comes_late(sql, lake):
    said = refusal(sql, "SELECT * FROM late.sales.orders")
    assert "NotAuthorized" in said and "expired at 2023-11-14T22:13:20Z" in said, said


def test_guesses(sql, lake):
    said = refusal(sql, "SELECT * FROM wrong.sales.orders")
    assert "NotAuthorized" in said and "secret-of" not in said, said
