"""A Spark cluster: this process is its driver, and each thread has a session of its own.

What a cluster needs to be told (memory, cores, packages, addresses) stands where Spark looks for it, in
`spark-defaults.conf` of `SPARK_CONF_DIR`; the options here only fill what is not said there.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends import BaseBackend
    from pyspark.sql import SparkSession

PORT = 7077
PATIENCE = 5.0  # seconds in which a master must take a connection
OPTIONS = {
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",  # it would show the figures to whoever reaches the port
    # Web server and workers are applications of their own: whoever asks nothing leaves the cores to the others.
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.executorIdleTimeout": "30s",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.timeout": "30s",
}

_lock = threading.Lock()
_root: SparkSession | None = None


def connect() -> BaseBackend:
    """A new session on the cluster. Raises ImproperlyConfigured where pyspark, Java or the master cannot be had."""
    if not find_spec("pyspark"):
        raise ImproperlyConfigured(
            f"GUANXI_ENGINE is “{settings.GUANXI_ENGINE}”, but pyspark is not installed. Install the extra “spark”: "
            "pip install 'guanxi[spark]' (in a checkout: uv pip install -e '.[spark]')."
        )
    from guanxi.foundation.engine.spark_backend import Backend

    Backend.register_options()
    return Backend().connect(_session().newSession())


def alive(backend: Any) -> bool:
    """Whether the cluster still knows this process; a driver that lost its master is of no use any more."""
    return not _stopped(backend._session)


def leave() -> None:
    """End the process's application, so that others have its memory and cores; the next question begins a new one."""
    global _root
    with _lock:
        if _root is not None:
            _root.stop()
        _root = None


def unreadable() -> tuple[type[Exception], ...]:
    """What is raised where a file is gone or damaged."""
    from guanxi.foundation.engine.spark_backend import Unreadable

    return (Unreadable,)


def read_parquet(
    backend: Any, name: str, files: Sequence[str], schema: pa.Schema, dataset: Callable[[], Any]
) -> ir.Table:
    """A view of the files, which driver and workers must both reach."""
    view: ir.Table = backend.read_files(name, [_address(file) for file in files], schema)
    return view


def keep(backend: Any, name: str, rows: pa.Table) -> ir.Table:
    """Rows as the view `name` of this session."""
    backend.view_of(name, rows)
    table: ir.Table = backend.table(name)
    return table


def _address(file: str) -> str:
    """A path or URL by the name that Hadoop has for it."""
    return re.sub(r"^s3://", "s3a://", file)


def _session() -> SparkSession:
    """The process's one application on the cluster; a new one where the cluster dropped the old."""
    global _root
    with _lock:
        if _root is not None and _stopped(_root):
            _root.stop()
            _root = None
        if _root is None:
            _root = _start(settings.GUANXI_ENGINE)
        return _root


def _stopped(session: SparkSession) -> bool:
    context = session.sparkContext._jsc
    return context is None or bool(context.sc().isStopped())


def _start(master: str) -> SparkSession:
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    java = _java()
    _reach(master)
    try:
        SparkContext._ensure_initialized()  # reads spark-defaults.conf, so that it goes before the options below
        conf = SparkConf().setMaster(master).setAppName("guanxi").set("spark.ui.showConsoleProgress", "false")
        for name, value in OPTIONS.items():
            conf.setIfMissing(name, value)
        return SparkSession.builder.config(conf=conf).getOrCreate()
    except (PySparkException, Py4JError) as error:
        reason = str(error).strip().splitlines()[-1 if isinstance(error, PySparkException) else 0]
        raise ImproperlyConfigured(
            f"Spark did not start ({reason}). It needs Java 17 or later (found: {java}; JAVA_HOME names another), and "
            f"workers at {master} that can give the memory asked for; see the log of its master."
        ) from error


def _java() -> str:
    """The program that runs Spark, from JAVA_HOME or the PATH."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not found or not os.access(found, os.X_OK):
        where = f"JAVA_HOME is “{home}”, which holds no bin/java" if home else "there is no “java” on the PATH"
        raise ImproperlyConfigured(
            f"GUANXI_ENGINE is “{settings.GUANXI_ENGINE}”, but {where}. Install Java 17 or later, or set JAVA_HOME. "
            "On Debian: apt-get install default-jre-headless"
        )
    return found


def _reach(master: str) -> None:
    """Ask whether one of the masters takes a connection: Spark itself would try for minutes."""
    reasons = []
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.strip().rpartition(":")
        try:
            socket.create_connection((host or place, int(port or PORT)), PATIENCE).close()
        except (OSError, ValueError) as error:
            reasons.append(f"{place}: {error}")
        else:
            return
    raise ImproperlyConfigured(
        f"No Spark master answers at the address in GUANXI_ENGINE ({'; '.join(reasons)}). Start it or mend the address."
    )
