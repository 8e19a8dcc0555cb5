"""docs/invoices.md says what the tables in the code say, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hefu.documents.invoices import BUILT_IN, FILE_PROBLEMS, TREATMENTS, load_mapping
from hefu.documents.invoices.treatments import file_problems_table, problem, treatments_table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "invoices.md").read_text("utf-8")
SOURCE = "".join(path.read_text("utf-8") for path in (ROOT / "src/hefu/documents/invoices").glob("*.py"))


@pytest.mark.parametrize(("mark", "table"), [("treatments", treatments_table()), ("problems", file_problems_table())])
def test_the_page_shows_the_tables_that_the_code_runs_from(mark: str, table: str) -> None:
    assert f"<!-- {mark} -->\n\n{table}\n\n<!-- /{mark} -->" in PAGE


def test_every_code_is_documented_once_and_used() -> None:
    codes = [t.code for t in TREATMENTS] + [p.code for p in FILE_PROBLEMS]
    assert len(set(codes)) == len(codes)
    raised = set(re.findall(r'problem\(\s*"([A-Z_]+)"', SOURCE)) | {"BAD_PARQUET", "BAD_CSV"}
    conditional = set(re.findall(r'"([A-Z_]+)" if \w[\w.() ]* else "([A-Z_]+)"', SOURCE))
    raised |= {code for pair in conditional for code in pair}
    assert raised >= {p.code for p in FILE_PROBLEMS}
    assert problem("NO_ROOM").code == "NO_ROOM"


def test_the_built_in_headers_are_those_of_the_page() -> None:
    for mapping in BUILT_IN:
        assert all(word in PAGE for word in (*mapping.columns.values(), *mapping.valid, *mapping.void))


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (toml,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "mapping.toml").write_text(toml, "utf-8")
    assert load_mapping(tmp_path / "mapping.toml").columns["buyer"] == "customer"
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "invoices").mkdir()
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/invoices.md", "exec"), {})
    assert (tmp_path / "report.csv").exists()
