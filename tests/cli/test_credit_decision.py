"""Decisions by command: a file that replays, reasons and changes in words, a budget shared, a limit that follows events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import hefu, told
from credit_decisions import STEADY, model_document
from hefu.credit.models.record import canonical

AT = "2026-07-01T09:00:00+08:00"
CHURN = "rate,A,B,C\n0.04,0,0,0\n0.07,0.3,0.35,0.3\n0.1,0.6,0.5,0.55\n0.15,0.9,0.85,0.8\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, a policy, a record and an application."""
    folder = tmp_path_factory.mktemp("decisions")
    (folder / "model.json").write_bytes(canonical(model_document()))
    (folder / "record.json").write_text(json.dumps(STEADY), encoding="utf-8")
    poor = {**STEADY, "sales_hhi_12m": 900_000, "sales_void_share_12m": 300_000}
    (folder / "poor.json").write_text(json.dumps({"record": poor}), encoding="utf-8")
    (folder / "application.toml").write_text('firm = "SYN-00001"\namount = "800,000.00"\n', encoding="utf-8")
    hefu("credit", "policy", folder / "policy.toml", "--example", "example", home=folder)
    return folder


def decide(folder: Path, record: str, target: str, *more: str, **how: object) -> str:
    return hefu(
        *("credit", "decide", "--model", folder / "model.json", "--policy", folder / "policy.toml", "--at", AT),
        *("--application", folder / "application.toml", "--record", folder / record, "-o", folder / target, *more),
        home=folder,
        **how,
    )


def test_a_decision_is_made_told_and_replayed(folder: Path) -> None:
    said = decide(folder, "record.json", "yes.json")
    assert "Approved: SYN-00001, 788 points" in said
    assert "a loan on the firm's data" in said
    assert "800,000.00" in said
    again = told("credit", "replay", folder / "yes.json", home=folder)
    assert again["verdict"] == "approve"
    assert again["digest"] in said
    assert "逐位相同" in hefu("credit", "replay", folder / "yes.json", home=folder, lang="zh")
    raw = (folder / "yes.json").read_bytes()
    (folder / "forged.json").write_bytes(raw.replace(b'"limit":80000000', b'"limit":90000000'))
    assert "DECISION_DIFFERS" in hefu("credit", "replay", folder / "forged.json", home=folder, code=4)
    assert "OTHER_DECISION" in hefu("credit", "replay", folder / "yes.json", "--digest", "00", home=folder, code=4)


def test_a_model_can_be_kept_beside(folder: Path) -> None:
    decide(folder, "record.json", "beside.json", "--model-beside")
    assert "MODEL_NOT_GIVEN" in hefu("credit", "replay", folder / "beside.json", home=folder, code=2)
    hefu("credit", "replay", folder / "beside.json", "--model", folder / "model.json", home=folder)


def test_a_refusal_says_why_and_what_would_turn_it(folder: Path) -> None:
    decide(folder, "poor.json", "no.json")
    why = told("credit", "why", folder / "no.json", home=folder)
    assert why["verdict"] == "refuse"
    assert [move["field"] for move in why["change"]["moves"]] == ["sales_void_share_12m"]
    assert why["change"]["verdict"] == "approve"
    said = hefu("credit", "why", folder / "no.json", home=folder)
    assert "→ void fewer invoices: from 30.00% to 10.00%, 90 days at least" in said
    assert "Concentration on customers" in said
    chinese = hefu("credit", "why", folder / "no.json", home=folder, lang="zh")
    assert "→ 减少发票作废：由 30.00% 到 10.00%，至少 90 天" in chinese


def test_wrong_files_are_told_with_field_and_code(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        (folder / "policy.toml").read_text(encoding="utf-8").replace('maximum = "15.00%"', "maximum = 15.0"),
        encoding="utf-8",
    )
    assert "BAD_FIELD" in hefu("credit", "policy", tmp_path / "bad.toml", home=folder, code=2)
    assert "NO_FILE" in hefu("credit", "policy", tmp_path / "none.toml", home=folder, code=2)
    assert "FILE_EXISTS" in hefu("credit", "policy", tmp_path / "bad.toml", "--example", "example", home=folder, code=2)
    assert "in order" in hefu("credit", "policy", folder / "policy.toml", home=folder)
    (tmp_path / "half.json").write_text("{}", encoding="utf-8")
    said = hefu(
        *("credit", "decide", "--model", folder / "model.json", "--policy", folder / "policy.toml", "--at", AT),
        *("--application", folder / "application.toml", "--record", tmp_path / "half.json", "-o", tmp_path / "x.json"),
        home=folder,
        code=2,
    )
    assert "NO_SUCH_FIELD" in said
    assert not (tmp_path / "x.json").exists()
    said = hefu(
        *("credit", "decide", "--model", folder / "record.json", "--policy", folder / "policy.toml", "--at", AT),
        *("--application", folder / "application.toml", "--record", folder / "record.json", "-o", tmp_path / "x.json"),
        home=folder,
        code=4,
    )
    assert "NOT_A_MODEL" in said


def test_a_budget_is_shared(folder: Path, tmp_path: Path) -> None:
    rows = ["firm,default_ppm,limit,industry,lists,note"]
    rows += [
        f"SYN-{n:05d},{3_000 + n * 4_021},{200_000 + n * 10_000}.00,{('C3562', 'C1711', 'C2511')[n % 3]},,x"
        for n in range(60)
    ]
    (tmp_path / "firms.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "churn.csv").write_text(CHURN, encoding="utf-8")
    hefu("credit", "policy", tmp_path / "contest.toml", "--example", "contest", home=folder)
    call = (
        *("credit", "allocate", tmp_path / "firms.csv", "--policy", tmp_path / "contest.toml", "--budget", "6,000,000"),
        *("--churn", tmp_path / "churn.csv", "--at", AT, "-o", tmp_path / "all.json"),
    )
    made = told(*call, "--table", tmp_path / "offers.csv", home=folder)
    assert made["synthetic"]
    assert made["offered"] <= 600_000_000
    assert made["profit"] <= made["bound"]
    assert made["gap_ppm"] < 20_000
    offers = (tmp_path / "offers.csv").read_text(encoding="utf-8").splitlines()
    assert len(offers) == made["offers"] + 1
    again = told("credit", "replay", tmp_path / "all.json", home=folder)
    assert (again["digest"], again["profit"]) == (made["digest"], made["profit"])
    assert "逐位相同" in hefu("credit", "replay", tmp_path / "all.json", home=folder, lang="zh")
    assert "CHURN_NOT_GIVEN" in hefu(
        *(part for part in call if part not in ("--churn", tmp_path / "churn.csv")), "--force", home=folder, code=2
    )
    assert "FILE_EXISTS" in hefu(*call, home=folder, code=2), "the first one is still there"
    same = (*call[:-1], tmp_path / "new.json", "--table", tmp_path / "new.json")
    assert "FILE_EXISTS" in hefu(*same, home=folder, code=2)
    for wrong in ("textiles=-1", "nothing=1", "textiles"):
        hefu(*call[:-1], tmp_path / "new.json", "--taken", wrong, home=folder, code=2)
    assert not (tmp_path / "new.json").exists()
    (tmp_path / "few.csv").write_text("firm,default_ppm,limit,error\nA,20000,0.00,\nB,20000,,\nC,,,UNKNOWN_FIELD\n")
    few = told("credit", "allocate", tmp_path / "few.csv", *call[3:-1], tmp_path / "few.json", home=folder)
    assert (few["firms"], few["offers"], few["left_out"]) == (1, 1, {"limit_zero": 1, "unscored": 1})
    (tmp_path / "wide.csv").write_text(f"firm,default_ppm\n{'x' * 200_000},1\n")
    assert "BAD_FIRMS" in hefu(
        "credit", "allocate", tmp_path / "wide.csv", *call[3:-1], tmp_path / "w.json", home=folder, code=2
    )


def test_what_rules_move_is_told(folder: Path, tmp_path: Path) -> None:
    rows = ["firm,default,industry"]
    rows += [f"F{n},{1 + n % 12}.5%,{('C3562', 'C1711', 'C3111')[n % 3]}" for n in range(40)]
    (tmp_path / "firms.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    said = hefu(
        *("credit", "allocate", tmp_path / "firms.csv", "--policy", folder / "policy.toml", "--budget", "20,000,000"),
        *("--rules", "--at", AT, "-o", tmp_path / "all.json"),
        home=folder,
    )
    assert "textiles: no more than a quarter of the book" in said
    assert "without it" in said


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("name,default\nF,1%\n", "BAD_FIRMS", "row 1"),
        ("firm,default\nF,1%\nF,2%\n", "FIRM_TWICE", ""),
        ("firm,default\nF,1.5\n", "BAD_FIELD", "row 2.default"),
        ("firm,default_ppm\nF,nan\n", "BAD_FIELD", "row 2.default_ppm"),
        ("firm,default_ppm\nF,1000001\n", "BAD_FIELD", "row 2.default_ppm"),
        ("firm,default_ppm,limit\nF,5,-1\n", "BAD_FIELD", "row 2.limit"),
        ("firm,default_ppm\nF,5,6\n", "BAD_FIRMS", "row 2"),
    ],
)
def test_a_table_of_firms_that_makes_no_sense_is_told_with_its_row(
    folder: Path, tmp_path: Path, text: str, code: str, where: str
) -> None:
    (tmp_path / "firms.csv").write_text(text, encoding="utf-8")
    said = hefu(
        *("credit", "allocate", tmp_path / "firms.csv", "--policy", folder / "policy.toml", "--budget", "20,000,000"),
        *("-o", tmp_path / "all.json"),
        home=folder,
        code=2,
    )
    assert code in said
    assert where in said


def test_a_limit_follows_a_firm_from_the_store(folder: Path, tmp_path: Path) -> None:
    hefu("credit", "synthetic", tmp_path, "--firms", "3", "--months", "18", "--seed", "4", home=tmp_path)
    hefu(
        "credit", "import", "invoices", *sorted(tmp_path.glob("*_invoices.csv")), "--today", "2026-07-01", home=tmp_path
    )
    hefu("credit", "import", "bank", tmp_path / "synthetic_bank.csv", "--today", "2026-07-01", home=tmp_path)
    (tmp_path / "application.toml").write_text('firm = "SYN-00001"\n', encoding="utf-8")
    common = (
        *("--model", folder / "model.json", "--policy", folder / "policy.toml"),
        *("--application", tmp_path / "application.toml"),
    )
    path = told("credit", "follow", *common, "--from", "2026-05-01", "--to", "2026-06-30", home=tmp_path)
    assert path["synthetic"]
    last = path["readings"][-1]
    assert last["on"] == "2026-06-30"
    made = told(
        "credit", "decide", *common, "--at", "2026-06-30T20:00:00+08:00", "-o", tmp_path / "d.json", home=tmp_path
    )
    # The batch and the stream read the same firm.
    assert (made["points"], made["default_ppm"], made["limit"]) == (
        last["points"],
        last["default_ppm"],
        last["would_be"],
    )
    said = hefu("credit", "follow", *common, "--from", "2026-05-01", "--to", "2026-06-30", home=tmp_path)
    assert "Synthetic: no firm here exists." in said
