"""An analyst who may read one table, through PyIceberg: reads it, is refused what else
there is in words, and is shown nothing but the way to it."""

import sys

import pyarrow
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import ForbiddenError

uri, owners, analysts = sys.argv[1:4]


def catalog(how: str) -> RestCatalog:
    return RestCatalog("igloo", uri=uri, **dict(setting.split("=", 1) for setting in how.split(",")))


def refused(says: str, action) -> None:
    try:
        action()
    except ForbiddenError as e:
        assert says in str(e), e
    else:
        raise AssertionError(f"not refused: {says}")


if len(sys.argv) > 4:  # before anything is granted
    owner = catalog(owners)
    for namespace in ("sales", "secret"):
        owner.create_namespace(namespace)
    rows = pyarrow.table({"n": pyarrow.array([1, 2, 3], pyarrow.int64())})
    for name in ("sales.orders", "sales.prices", "secret.plans"):
        owner.create_table(name, schema=rows.schema).append(rows)
    refused("may not list warehouse default", lambda: catalog(analysts))
    sys.exit()

analyst = catalog(analysts)
assert analyst.list_namespaces() == [("sales",)], analyst.list_namespaces()
assert analyst.list_tables("sales") == [("sales", "orders")], analyst.list_tables("sales")
refused("may not list namespace secret", lambda: analyst.list_tables("secret"))

orders = analyst.load_table("sales.orders")
assert orders.scan(row_filter="n > 1").to_arrow().num_rows == 2
refused("may not write table sales.orders", lambda: orders.append(orders.scan().to_arrow()))
refused("may not drop table sales.orders", lambda: analyst.drop_table("sales.orders"))
for name in ("sales.prices", "secret.plans", "sales.nothing"):
    refused(f"may not describe table {name}", lambda name=name: analyst.load_table(name))
refused("may not create in namespace sales", lambda: analyst.create_table("sales.new", schema=orders.schema()))
assert catalog(owners).load_table("sales.orders").scan().to_arrow().num_rows == 3
print("the analyst reads one table")
