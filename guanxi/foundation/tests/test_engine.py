"""The engine that is not there: one line that says why, and how to mend it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from guanxi.foundation import engine
from guanxi.foundation.engine import on_spark


@pytest.mark.parametrize("name", ["", "postgres", "spark", "local[2]"])
def test_an_unknown_engine_is_named(settings: Any, name: str) -> None:
    settings.GUANXI_ENGINE = name
    with pytest.raises(ImproperlyConfigured, match=r"GUANXI_ENGINE is “.*”; it can be duckdb, or .*spark://"):
        engine.connect()


def test_without_pyspark_the_extra_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.GUANXI_ENGINE = "spark://127.0.0.1:7077"
    monkeypatch.setattr(on_spark, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"pyspark is not installed.*guanxi\[spark\]"):
        engine.connect()


def test_without_java_it_is_said_where_it_was_looked_for(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("pyspark")
    settings.GUANXI_ENGINE = "spark://127.0.0.1:7077"
    monkeypatch.setattr(on_spark, "_root", None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ImproperlyConfigured, match=r"JAVA_HOME is .* holds no bin/java.*default-jre-headless"):
        engine.connect()
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImproperlyConfigured, match="no “java” on the PATH"):
        engine.connect()


def test_a_master_that_does_not_answer_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.touch(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(on_spark, "_root", None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings.GUANXI_ENGINE = f"spark://127.0.0.1:{port},127.0.0.1:word"
    with pytest.raises(ImproperlyConfigured, match=rf"No Spark master answers.*127\.0\.0\.1:{port}.*127\.0\.0\.1:word"):
        engine.connect()


def test_addresses_are_those_of_hadoop() -> None:
    assert on_spark._address("s3://bucket/lake/a.parquet") == "s3a://bucket/lake/a.parquet"
    assert on_spark._address("/srv/s3://x") == "/srv/s3://x"
    assert on_spark._address("file:///srv/lake/a.parquet") == "file:///srv/lake/a.parquet"
