"""Makes tables whose scans are planned in parts, of files that are named and never read.

    plan_table.py URL
"""

import sys

from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField

MANIFESTS, FILES = 2, 2500


def main() -> None:
    catalog = RestCatalog("igloo", uri=sys.argv[1])
    catalog.create_namespace("plans")
    schema = Schema(NestedField(1, "id", LongType(), required=False))
    catalog.create_table("plans.other", schema)
    table = catalog.create_table("plans.many", schema)
    for manifest in range(MANIFESTS):
        with table.transaction() as transaction, transaction.update_snapshot().fast_append() as append:
            for n in range(FILES):
                append.append_data_file(
                    DataFile.from_args(
                        content=DataFileContent.DATA,
                        file_path=f"{table.location()}/data/{manifest}-{n}.parquet",
                        file_format=FileFormat.PARQUET,
                        partition=Record(),
                        record_count=1,
                        file_size_in_bytes=1,
                    )
                )


main()
