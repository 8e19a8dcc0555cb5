"""What the supervisor does about what CometBFT says; a program that says the same words, as recorded, stands for it here."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from hefu.services.nodes.supervisor import Supervisor

TWICE = (
    '{"_msg":"found conflicting vote from ourselves; did you unsafe_reset a validator?","height":20,"level":"error",'
    '"module":"consensus","round":0,"type":"SIGNED_MSG_TYPE_PREVOTE"}'
)
HALTED = (
    '{"_msg":"CONSENSUS FAILURE!!!","err":"write /srv/node/engine/data/write-file-atomic-08: no space left on device",'
    '"level":"error","module":"consensus","stack":"goroutine 5983 [running]"}'
)


def said(tmp_path: Path, words: str, after: str, seconds: float) -> tuple[Supervisor, list[tuple[str, dict[str, str]]]]:
    """What is told of a program that says something and goes on, within some seconds."""
    program = tmp_path / "cometbft"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{words}\nEND\nexec {after}\n")
    program.chmod(0o700)
    told: list[tuple[str, dict[str, str]]] = []

    async def run() -> Supervisor:
        second = asyncio.Event()

        def say(code: str, fields: dict[str, str]) -> None:
            told.append((code, fields))
            if len(told) == 2:
                second.set()

        supervisor = Supervisor(program, tmp_path, tmp_path / "engine.log", say)
        task = asyncio.create_task(supervisor.run())
        with suppress(TimeoutError):
            await asyncio.wait_for(second.wait(), seconds)
        await supervisor.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return supervisor

    supervisor = asyncio.run(run())
    return supervisor, told


def test_a_second_engine_with_the_same_key_is_told_of_once_while_both_run(tmp_path):
    supervisor, told = said(tmp_path, f"{TWICE}\n{TWICE}\n{TWICE}", "sleep 60", 10)
    assert [code for code, _ in told] == ["ENGINE_STARTED", "ENGINE_WARNED"]
    assert told[1][1]["code"] == supervisor.warning["code"] == "TWO_VALIDATORS"


def test_an_engine_whose_consensus_failed_is_ended_though_it_lives_and_says_why(tmp_path):
    _, told = said(tmp_path, HALTED, "sleep 60", 10)
    assert [code for code, _ in told] == ["ENGINE_STARTED", "ENGINE_ENDED"]
    assert (told[1][1]["exit"], told[1][1]["code"]) == ("-9", "DISK_FULL")


@pytest.mark.parametrize("words", ['{"_msg":"Timed out","level":"info"}', "no JSON at all"])
def test_what_it_says_otherwise_is_only_kept(tmp_path, words):
    supervisor, told = said(tmp_path, words, "sleep 60", 0.5)
    assert [code for code, _ in told] == ["ENGINE_STARTED"]
    assert (tmp_path / "engine.log").read_text() == f"{words}\n"
    assert supervisor.warning == {}
