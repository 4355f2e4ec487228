"""A Spark cluster for tests, from the package pyspark: a master and two workers on this machine, in processes of their
own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
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
        self.url = ""

    def start(self) -> None:
        """Start all three and wait until the master knows both workers."""
        (self.folder / "spark-defaults.conf").write_text(DEFAULTS)
        master = self._run("master.Master", "--port", "0")
        self.url = self._wait_for(r"Starting Spark master at (spark://\S+)", master)
        place = ["--cores", "1", "--memory", "512m", "--work-dir", str(self.folder / "work")]
        for log in [self._run("worker.Worker", *place, self.url) for _ in range(2)]:
            self._wait_for(r"(Successfully registered with master)", log)

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

    def _run(self, program: str, *arguments: str) -> Path:
        """Start a program of Spark; where it writes its log."""
        import pyspark

        home = Path(pyspark.__file__).parent
        environment = {
            **os.environ,
            **self.environment(),
            "SPARK_HOME": str(home),
            "SPARK_DAEMON_MEMORY": "192m",
            "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        }
        command = ["bash", str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{program}"]
        command += ["--host", "127.0.0.1", "--webui-port", "0", *arguments]
        log = self.folder / f"{len(self.processes)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.processes.append(process)
        return log

    def _wait_for(self, pattern: str, log: Path, patience: float = 120.0) -> str:
        """What `pattern` finds in a log, as soon as it stands there."""
        end = time.monotonic() + patience
        while time.monotonic() < end and all(process.poll() is None for process in self.processes):
            if found := re.search(pattern, log.read_text(errors="replace")):
                return found[1]
            time.sleep(0.2)
        raise RuntimeError(f"The Spark cluster did not come up:\n{self.log()}")
