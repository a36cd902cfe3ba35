"""Files read by Spark, in a session of this process or of a cluster, and samples of them."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import ibis

from mlops_nb.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

SEED = 7

KNOWN = "duckdb, pyspark, local[N], spark://host:port, sc://host:port"
_MASTER = re.compile(r"local(\[[\d*,]+\])?|(?:spark|k8s)://.+|yarn")


def connect(engine: str) -> Any:
    """Return the connection that computes on files.

    Parameters
    ----------
    engine : str
        ``duckdb``; ``pyspark``, with what ``spark-defaults.conf`` and the environment say; the
        master of a cluster (``local[4]``, ``spark://host:7077``, ``yarn``); or the URL of a Spark
        Connect server (``sc://host:15002``).

    Raises
    ------
    InputError
        The engine is unknown, not installed or cannot be reached.
    """
    if engine == "duckdb":
        connection = ibis.duckdb.connect()
        # To read ahead pays over a network; of a local file it only holds a group of rows twice.
        connection.con.execute("SET disable_parquet_prefetching = true")
        return connection
    if engine != "pyspark" and not engine.startswith("sc://") and not _MASTER.fullmatch(engine):
        raise InputError(f"unknown engine {engine!r}", f"known: {KNOWN}")
    if find_spec("pyspark") is None:
        raise InputError("pyspark is not installed", "pip install 'mlops-nb[spark]'")
    from pyspark.sql import SparkSession

    # UTC, so that a time of the day is the same on every engine.
    building = SparkSession.builder.config("spark.sql.session.timeZone", "UTC")
    if engine.startswith("sc://"):
        building = building.remote(engine)
    elif engine != "pyspark":
        building = building.master(engine)
    try:
        session = building.getOrCreate()
        session.conf.set("spark.sql.session.timeZone", "UTC")  # of one that was there already
        return ibis.pyspark.connect(session)
    except Exception as error:  # of py4j, grpc or Spark itself, by what is wrong
        message = f"Spark does not start: {type(error).__name__}"
        raise InputError(message, "is there a Java 17 or 21, and the cluster reachable?") from error


def sampled(table: ibis.Table, share: float) -> pa.Table:
    """Return a share of the rows, always the same ones as long as the files are.

    Spark's own sample: to number the rows would bring the whole table to one worker.
    """
    query = str(ibis.to_sql(table))
    chosen = table.get_backend().raw_sql(query).sample(fraction=share, seed=SEED)
    return chosen.toArrow()
