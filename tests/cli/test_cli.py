"""The command as a user has it: the story on both inputs, codes, languages, data for machines, an own receivable by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("HEFU_SHARED", ROOT.parent / "shared"))
HEFU = [sys.executable, "-m", "hefu.cli.main"]


def hefu(*arguments: str | Path, home: Path | None = None, code: int = 0, lang: str = "en", **environment: str) -> str:
    """Run the command; its standard output. The exit code must be as expected, and nothing may be a traceback."""
    env = {**os.environ, "HEFU_LANG": lang, **environment}
    if home is not None:
        env["HEFU_HOME"] = str(home)
    done = subprocess.run([*HEFU, *map(str, arguments)], capture_output=True, text=True, env=env, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the story in it."""
    home = tmp_path_factory.mktemp("demo") / "home"
    hefu("demo", "--json", home.parent / "out.json", home=home)
    return home


def outcome(demo: Path) -> dict[str, object]:
    return json.loads((demo.parent / "out.json").read_text(encoding="utf-8"))


def test_the_story_refuses_every_attack_and_holds_every_invariant(demo: Path) -> None:
    data = outcome(demo)
    assert len(data["attacks"]) >= 9
    assert all(attack["refused"] and attack["code"] != "OK" for attack in data["attacks"])
    assert len(data["invariants"]) >= 6
    assert all(found["holds"] and found["checked"] > 0 for found in data["invariants"])
    stages = {stage["name"]: stage for stage in data["stages"]}
    for name in ("import", "confirm", "split_and_assign", "offer", "finance", "settle"):
        assert stages[name]["count"] > 0, name
        assert stages[name]["amount_minor"] > 0, name
    assert data["tiers"] >= 4
    assert Path(data["bundle"]).exists()
    assert Path(data["genesis"]).exists()


def test_the_story_tells_what_the_credit_desk_said_of_every_firm(demo: Path) -> None:
    told = outcome(demo)["credit"]
    assert told["approve"] + told["refer"] + told["refuse"] == told["firms"] > 0
    assert min(told["approve"], told["refuse"]) > 0
    kept = {path.stem for path in (demo / "decisions").iterdir()} - {"model"}
    assert len(kept) == told["firms"]
    verdicts = {case["verdict"] for case in told["cases"]}
    assert {"approve", "refuse"} <= verdicts
    for case in told["cases"]:
        assert bool(case["limit_minor"]) == (case["verdict"] != "refuse")
        file = demo / "decisions" / f"{case['digest']}.json"
        again = json.loads(hefu("credit", "replay", file, "--model", told["model"], "--json"))
        assert again["digest"] == case["digest"]
    # The ledger has the digests, and nothing else of it.
    seen = hefu("ledger", "events", "--json", home=demo)
    assert all(digest in seen for digest in kept)


def test_a_bank_attests_a_decision_that_replays_and_no_other(demo: Path, tmp_path: Path) -> None:
    told = outcome(demo)["credit"]
    file = demo / "decisions" / f"{told['cases'][0]['digest']}.json"
    how = ("--as", "Bank B", "--about", "Bank C", "--model", told["model"])
    made = json.loads(hefu("credit", "attest", file, *how, "--json", home=demo, HEFU_PASSPHRASE="hefu-demo"))
    assert made["digest"] == file.stem
    assert made["attestation"] in hefu("ledger", "events", "--json", home=demo)
    forged = tmp_path / "forged.json"
    forged.write_bytes(file.read_bytes().replace(b'"verdict":"approve"', b'"verdict":"refuse"'))
    assert "DECISION_DIFFERS" in hefu("credit", "attest", forged, *how, home=demo, code=4, HEFU_PASSPHRASE="hefu-demo")


def test_the_bundle_of_the_story_verifies_with_the_genesis_only(demo: Path) -> None:
    bundle, genesis = demo / "evidence.hefu", demo / "genesis.json"
    told = hefu("verify", bundle, "--trust", genesis)
    assert "no legal priority" in told
    assert "法律" in hefu("verify", bundle, "--trust", genesis, lang="zh")
    assert "not authenticated" in hefu("verify", bundle, code=7)
    damaged = bytearray(bundle.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    bad = demo.parent / "bad.hefu"
    bad.write_bytes(bytes(damaged))
    hefu("verify", bad, "--trust", genesis, code=4)
    hefu("verify", demo.parent / "absent", code=2)


def test_commands_work_on_what_the_story_left(demo: Path) -> None:
    listed = json.loads(hefu("receivable", "list", "--status", "live", "--json", home=demo))
    assert listed["height"] > 0
    right = listed["rights"][0]["right"]
    shown = json.loads(hefu("receivable", "show", right[:12], "--json", home=demo))
    assert shown["right"] == right
    tree = json.loads(hefu("receivable", "tree", right, "--json", home=demo))
    root = tree["rights"][0]
    assert sum(r["open_minor"] + r["settled_minor"] for r in tree["rights"]) == root["face_minor"]
    steps = json.loads(hefu("receivable", "history", right, "--json", home=demo))["steps"]
    assert steps[0]["event"] in ("receivables.proposed", "receivables.raised")
    out = demo.parent / "own.hefu"
    hefu("prove", right, "-o", out, home=demo)
    hefu("verify", out, "--trust", demo / "genesis.json")
    hefu("prove", right, "-o", out, home=demo, code=2)
    assert json.loads(hefu("ledger", "verify", "--json", home=demo))["trust"] == "countersigned"
    assert json.loads(hefu("views", "totals", "--json", home=demo))["height"] == listed["height"]
    assert "Bank A" in hefu("org", "list", home=demo)
    assert "银行" in hefu("org", "list", home=demo, lang="zh")


def test_a_ledger_moves_by_export_and_by_snapshot(demo: Path, tmp_path: Path) -> None:
    genesis = demo / "genesis.json"
    root = json.loads(hefu("ledger", "status", "--json", home=demo))["state_root"]
    hefu("ledger", "export", tmp_path / "all", home=demo)
    hefu("ledger", "import", tmp_path / "all", "--trust", genesis, home=tmp_path / "imported")
    hefu("ledger", "snapshot", tmp_path / "snap", home=demo)
    hefu("ledger", "restore", tmp_path / "snap", "--trust", genesis, home=tmp_path / "restored")
    for home in ("imported", "restored"):
        assert json.loads(hefu("ledger", "status", "--json", home=tmp_path / home))["state_root"] == root
    hefu("ledger", "verify", home=tmp_path / "imported")
    hefu("ledger", "import", tmp_path / "all", "--trust", genesis, home=tmp_path / "imported", code=2)


@pytest.mark.skipif(
    not (SHARED / "data" / "cumcm2020c").exists(), reason="the real invoices are not here (HEFU_SHARED)"
)
def test_the_story_runs_on_real_invoices(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    hefu("demo", "--invoices", SHARED / "data" / "cumcm2020c", "--json", file, home=tmp_path / "home")
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["synthetic"] is False
    assert all(attack["refused"] for attack in data["attacks"])
    assert all(found["holds"] for found in data["invariants"])
    assert {s["name"]: s for s in data["stages"]}["import"]["count"] > 1_000_000
    hefu("verify", data["bundle"], "--trust", data["genesis"])


def test_the_story_runs_under_sm2_and_sm3(tmp_path: Path) -> None:
    home = tmp_path / "home"
    hefu("demo", "--suite", "sm2", home=home)
    assert json.loads(hefu("ledger", "status", "--json", home=home))["hash"] == "sm3"
    hefu("verify", home / "evidence.hefu", "--trust", home / "genesis.json")


def test_mistakes_are_told_with_a_code_and_change_nothing(demo: Path, tmp_path: Path) -> None:
    assert "NO_LEDGER" in hefu("ledger", "status", home=tmp_path / "nothing", code=2)
    assert "UNKNOWN_RIGHT" in hefu("receivable", "show", "ffffffffffff", home=demo, code=2)
    assert "BAD_IDENTIFIER" in hefu("receivable", "show", "not-hex", home=demo, code=2)
    assert "UNKNOWN_NAME" in hefu("receivable", "list", "--holder", "Nobody at all", home=demo, code=2)
    hefu("no-such-command", code=2)
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    (occupied / "file").write_text("mine")
    assert "HOME_EXISTS" in hefu("demo", home=occupied, code=2)
    assert (occupied / "file").read_text() == "mine"
    problem = json.loads(hefu("receivable", "show", "ffffffffffff", "--json", home=demo, code=2))
    assert problem["code"] == "UNKNOWN_RIGHT"
    assert "被拒绝" not in hefu("receivable", "show", "ffffffffffff", home=demo, code=2, lang="zh")


def test_invoices_import_reports_and_saves(tmp_path: Path) -> None:
    file = tmp_path / "output_invoices.csv"
    file.write_text(
        "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"
        "E1,100,2026-01-05,B1,100.00,13.00,113.00,有效发票\n"
        "E1,101,2026-01-05,B1,100.00,13.00,999.00,有效发票\n"
        "E1,102,2026-01-05,B1,-100.00,-13.00,-113.00,有效发票\n",
        encoding="gb18030",
    )
    report = tmp_path / "report.json"
    told = hefu("invoices", "import", file, "--today", "2026-02-01", "--save", report, "--json", code=3)
    counts = json.loads(told)["counts"]
    assert (counts["ACCEPTED"], counts["AMOUNTS_DISAGREE"], counts["RED_LETTER"]) == (1, 1, 1)
    assert json.loads(report.read_text(encoding="utf-8"))["left"]


def test_the_wheel_holds_the_package_its_data_and_gives_the_same_command(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert "hefu/py.typed" in names
    assert not [name for name in names if name.startswith(("tests", "docs", "bench"))]
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    subprocess.run([environment / "bin" / "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)], check=True)
    # The libraries come from this environment, the package and its command from the wheel.
    libraries = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    links = next((environment / "lib").glob("python3*/site-packages"))
    (links / "libraries.pth").write_text(str(libraries) + "\n")
    command = environment / "bin" / "hefu"
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert version.stdout.startswith("hefu, version 0.2.0")
    where = subprocess.run(
        [environment / "bin" / "python", "-c", "import hefu; print(hefu.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert where.stdout.startswith(str(environment)), where.stdout
    subprocess.run([command, "demo", "--home", tmp_path / "home"], check=True, capture_output=True, cwd=tmp_path)
    assert (tmp_path / "home" / "evidence.hefu").exists()
