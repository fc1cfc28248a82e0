"""Plans scans as PyIceberg's own planner does, for a test to compare.

Each line of the input is {"metadata": location, "filters": [filter, ...]}, each line of the output
has, for each filter, the data files of the plan with their deletes, or the reason why there is no
plan. Filters are in the spelling of the REST protocol.
"""

import json
import sys

from pyiceberg import expressions as e
from pyiceberg.table import StaticTable

UNARY = {"is-null": e.IsNull, "not-null": e.NotNull, "is-nan": e.IsNaN, "not-nan": e.NotNaN}
SETS = {"in": e.In, "not-in": e.NotIn}
LITERAL = {
    "lt": e.LessThan,
    "lt-eq": e.LessThanOrEqual,
    "gt": e.GreaterThan,
    "gt-eq": e.GreaterThanOrEqual,
    "eq": e.EqualTo,
    "not-eq": e.NotEqualTo,
    "starts-with": e.StartsWith,
    "not-starts-with": e.NotStartsWith,
}


def expression(f):
    match f["type"]:
        case "not":
            return e.Not(expression(f["child"]))
        case "and":
            return e.And(expression(f["left"]), expression(f["right"]))
        case "or":
            return e.Or(expression(f["left"]), expression(f["right"]))
        case kind if kind in UNARY:
            return UNARY[kind](f["term"])
        case kind if kind in SETS:
            return SETS[kind](f["term"], set(f["values"]))
        case kind:
            return LITERAL[kind](f["term"], f["value"])


def plan(table, f):
    try:
        tasks = table.scan(row_filter=expression(f)).plan_files()
        return {"files": {t.file.file_path: sorted(d.file_path for d in t.delete_files) for t in tasks}}
    except Exception as refusal:
        return {"refusal": repr(refusal)}


for line in sys.stdin:
    asked = json.loads(line)
    table = StaticTable.from_metadata(asked["metadata"])
    print(json.dumps([plan(table, f) for f in asked["filters"]]), flush=True)
