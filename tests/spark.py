"""A Spark cluster for tests, from the package pyspark: a master and two workers on this machine, in processes of their
own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

HOW = (
    "Spark is tested where pyspark and Java 17 are: `pip install pyspark==4.0.5`, and on Debian "
    "`apt-get install openjdk-17-jre-headless`, elsewhere JAVA_HOME or a `java` on the PATH."
)
# So small that two workers and a driver fit beside everything else that is tested.
DEFAULTS = """
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
spark.driver.memory 768m
spark.executor.memory 512m
spark.executor.cores 1
spark.executor.extraJavaOptions -XX:+UseSerialGC -XX:TieredStopAtLevel=1
spark.driver.extraJavaOptions -XX:+UseSerialGC -XX:TieredStopAtLevel=1
spark.cores.max 2
spark.dynamicAllocation.enabled false
spark.sql.shuffle.partitions 3
spark.default.parallelism 2
"""


class NoSpark(Exception):
    """No pyspark or no Java on this machine; the message says how to get them."""


def require() -> None:
    """Raises NoSpark where what Spark needs is not there."""
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=f"{home}/bin" if home else None) or not find_spec("pyspark"):
        raise NoSpark(HOW)


class SparkCluster:
    """A master and two workers; `start()` makes them, `stop()` ends them. `url` is what GUANXI_ENGINE takes."""

    def __init__(self) -> None:
        require()
        self.folder = Path(tempfile.mkdtemp(prefix="guanxi-spark-"))
        self.processes: list[subprocess.Popen[bytes]] = []
        self.port, self.page = _free_ports(2)
        self.url = f"spark://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start all three and wait until the master knows both workers."""
        (self.folder / "spark-defaults.conf").write_text(DEFAULTS)
        self._run("master.Master", "--host", "127.0.0.1", "--port", str(self.port), "--webui-port", str(self.page))
        for number in (1, 2):
            place = ["--host", "127.0.0.1", "--webui-port", "0", "--work-dir", str(self.folder / f"work-{number}")]
            self._run("worker.Worker", *place, "--cores", "1", "--memory", "512m", self.url)
        self._wait()

    def environment(self) -> dict[str, str]:
        """What a driver of this cluster has in its environment."""
        return {"SPARK_CONF_DIR": str(self.folder), "SPARK_LOCAL_IP": "127.0.0.1"}

    def stop(self) -> None:
        """End the processes and delete what they left."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What the processes wrote, for the message of a failed test."""
        return "\n".join(file.read_text()[-3000:] for file in sorted(self.folder.glob("*.log")))

    def _run(self, program: str, *arguments: str) -> None:
        import pyspark

        home = Path(pyspark.__file__).parent
        environment = {
            **os.environ,
            **self.environment(),
            "SPARK_HOME": str(home),
            "SPARK_DAEMON_MEMORY": "192m",
            "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        }
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{program}", *arguments]
        with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
            self.processes.append(
                subprocess.Popen(["bash", *command], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            )

    def _wait(self, patience: float = 90.0) -> None:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if any(process.poll() is not None for process in self.processes):
                break
            if self._workers() == 2:
                return
            time.sleep(0.3)
        raise RuntimeError(f"The Spark cluster did not come up:\n{self.log()}")

    def _workers(self) -> int:
        import json

        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/json/", timeout=5) as answer:
                return int(json.load(answer)["aliveworkers"])
        except OSError:
            return 0


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
