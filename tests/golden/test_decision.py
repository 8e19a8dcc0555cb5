"""A decision made by an earlier version replays to the same bits, in another process and with the standard library alone."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from credit_decisions import AT_MS, inputs, item, model
from credit_decisions import application as asked
from hefu.credit.decision import allocation, file
from hefu.credit.decision.document import canonical
from hefu.credit.decision.portfolio import Choice, Firm, Problem
from hefu.credit.models.record import Model

HERE = Path(__file__).parent
SCRIPT = HERE.parent.parent / "scripts" / "replay_decision.py"
DECISION, ALLOCATION = HERE / "decision.json", HERE / "allocation.json"
#: A change here is a decision: files made by earlier versions have to replay for years.
DIGESTS = {
    DECISION: "dd12e84868aef40c6281e55761cc48dd091be393688955264eef354a2c719cd1",
    ALLOCATION: "5274aa28a067f0ec4953c195ce9d160bc346e889aa044f0904a8f95d4b57a46b",
}


def replayed(path: Path, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """With neither site packages nor environment: what is installed here cannot help."""
    return subprocess.run(
        [sys.executable, "-S", "-I", str(SCRIPT), str(path), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("path", DIGESTS, ids=lambda path: path.name)
def test_an_old_file_replays_in_another_process_with_the_standard_library(path: Path) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() == DIGESTS[path]
    done = replayed(path)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_altered_is_found_there_too(tmp_path: Path) -> None:
    for path, old, new in ((DECISION, b'"limit":', b'"limit":1'), (ALLOCATION, b'"offered":', b'"offered":1')):
        changed = tmp_path / path.name
        changed.write_bytes(path.read_bytes().replace(old, new, 1))
        done = replayed(changed)
        assert done.returncode == 4
        assert "DECISION_DIFFERS" in done.stderr


def test_a_model_beside_is_taken_there_too(tmp_path: Path) -> None:
    made = file.make(inputs(), model(), with_model=False)
    path, beside = tmp_path / "decision.json", tmp_path / "model.json"
    path.write_bytes(made.raw)
    beside.write_bytes(canonical(inputs().model or {}))
    assert replayed(path).returncode == 2
    done = replayed(path, beside)
    assert done.returncode == 0
    assert made.digest in done.stdout


def test_the_same_inputs_still_make_the_same_bytes() -> None:
    """Inputs of the golden file, put together anew."""
    found = golden_inputs()
    made = file.make(found, Model.read(canonical(found.model or {})))
    assert made.raw == DECISION.read_bytes()
    problem = golden_allocation().to_problem()
    raw, _ = allocation.write(golden_allocation(), problem, golden_choices(problem), (30_000, 0, 1_500, 0))
    assert raw == ALLOCATION.read_bytes()


def golden_inputs() -> file.Inputs:
    """A firm with a confirmed receivable, one without, and its data; its own copies of policy and model are in the file."""
    application = asked(
        lists=("high-tech",), items=(item(), item("r2", evidence=("delivery", "invoice"), payer="other", trade="T"))
    )
    if not DECISION.exists():
        return inputs(application=application)
    kept, made_by, _ = file.read_inputs(DECISION.read_bytes())
    return inputs(application=application, policy=kept.policy, model=kept.model, model_digest=made_by.digest)


def golden_allocation() -> allocation.Inputs:
    """Forty firms and half a million."""
    policy = allocation.replay(ALLOCATION.read_bytes()).inputs.policy if ALLOCATION.exists() else inputs().policy
    firms = tuple(Firm(f"SYN-{n:05d}", 5_000 + 2_477 * n, 0, ("C3562", "C1711")[n % 2]) for n in range(40))
    return allocation.Inputs(policy, None, firms, 2_000_000_000, 2_000_000_000, {}, AT_MS, bytes(32), True, "0")


def golden_choices(problem: Problem) -> list[Choice]:
    """Not the best ones: what is golden is what they come to."""
    return [Choice(n, problem.candidates[n].most // 2, problem.grid[20]) for n in range(0, 12, 2)]
