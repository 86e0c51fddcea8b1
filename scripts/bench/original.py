"""The original's way, with its own libraries: read the window's rows, group and count them here, write the groups back.

    python3 original.py postgresql://role@host:port/name

Each line of standard input is a window, two Unix milliseconds, the end excluded; each is answered by a line when it is
done. So neither the start of Python nor its imports are timed. The minute is cut, not rounded as in the original, so that
what it writes can be compared.
"""

import sys

import pandas
from sqlalchemy import create_engine, text

KEYS = {
    "dash_visits": ["dt", "item_topic", "source_topic", "age_segment"],
    "dash_engagement": ["dt", "item_topic", "event", "age_segment"],
}
COUNTS = {"dash_visits": ("visits", "count"), "dash_engagement": ("unique_users", "nunique")}


def aggregate(engine, start, end):
    window = {"start": start, "end": end}
    query = text("select *, to_timestamp(ts / 1000) at time zone 'UTC' as dt from log_raw where ts >= :start and ts < :end")
    with engine.connect() as connection:
        log = pandas.read_sql(query, connection, params=window, index_col="event_id")
    log["dt"] = log["dt"].dt.floor("min")
    for table, keys in KEYS.items():
        name, count = COUNTS[table]
        cells = log.groupby(keys)["user_id"].agg(count).rename(name).reset_index()
        with engine.begin() as connection:
            bounds = "dt >= to_timestamp(:start / 1000) at time zone 'UTC' and dt < to_timestamp(:end / 1000) at time zone 'UTC'"
            connection.execute(text(f"delete from {table} where {bounds}"), window)
            cells.to_sql(table, connection, if_exists="append", index=False)


if __name__ == "__main__":
    engine = create_engine(sys.argv[1])
    for line in sys.stdin:
        aggregate(engine, *map(int, line.split()))
        print("done", flush=True)
