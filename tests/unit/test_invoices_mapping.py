"""Column mappings in TOML."""

from __future__ import annotations

from pathlib import Path

import pytest

from hefu.documents.invoices import Direction, load_mapping
from hefu.kernel.errors import UsageError

WHOLE = """
name = "ledger"
direction = "sales"
encoding = "gb18030"
delimiter = ";"
date_formats = ["%d/%m/%Y"]
[columns]
firm = "销方识别号"
number = "数电票号码"
issued_on = "开票日期"
counterparty = "购方识别号"
net = "金额"
tax = "税额"
gross = "价税合计"
status = "状态"
[status]
valid = ["正常"]
void = []
"""


def test_a_mapping_says_all_that_a_file_does_not(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
    mapping = load_mapping(path)
    assert (mapping.name, mapping.direction, mapping.encoding, mapping.delimiter) == (
        "ledger",
        Direction.SALES,
        "gb18030",
        ";",
    )
    assert mapping.columns["counterparty"] == "购方识别号"
    assert (mapping.valid, mapping.void, mapping.date_formats) == (("正常",), (), ("%d/%m/%Y",))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('firm = "销方识别号"\n', ""),
        ('counterparty = "购方识别号"\n', ""),
        ('firm = "销方识别号"', "firm = 3"),
        ('firm = "销方识别号"', 'firm = " "'),
        ('firm = "销方识别号"', 'firm = " 金额"'),
        ('firm = "销方识别号"', 'firm = "销方识别号"\nbuyers = "x"'),
        ('direction = "sales"', 'direction = "both"'),
        ('encoding = "gb18030"', 'encoding = "latin-1"'),
        ('delimiter = ";"', 'delimiter = "#"'),
        ('"%d/%m/%Y"', '"%d/%m"'),
        ('"%d/%m/%Y"', '"%d/%m/%Y%"'),
        ('"%d/%m/%Y"', '"%d/%m/%Y %B"'),
        ('["%d/%m/%Y"]', '"%d/%m/%Y"'),
        ('["%d/%m/%Y"]', "[]"),
        ('valid = ["正常"]', "valid = []"),
        ('valid = ["正常"]', 'valid = [" "]'),
        ("void = []", 'void = [" 正常"]'),
        ("[status]", "[states]"),
        ("[columns]", "columns = 3"),
        ('name = "ledger"', "name = "),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(tmp_path: Path, was: str, becomes: str) -> None:
    assert WHOLE.count(was) == 1
    path = tmp_path / "mapping.toml"
    path.write_text(WHOLE.replace(was, becomes), "utf-8")
    with pytest.raises(UsageError) as caught:
        load_mapping(path)
    assert caught.value.code == "BAD_MAPPING"


def test_a_mapping_that_is_not_there_or_no_text_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_mapping(tmp_path / "none.toml")
    assert caught.value.code == "FILE_MISSING"
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError) as caught:
        load_mapping(tmp_path / "bytes.toml")
    assert caught.value.code == "BAD_MAPPING"
