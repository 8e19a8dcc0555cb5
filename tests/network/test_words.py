"""What the supervisor knows CometBFT's ends and warnings by is what this CometBFT says."""

from __future__ import annotations

from pathlib import Path

from hefu.services.nodes import supervisor


def test_every_phrase_that_is_looked_for_is_in_the_program(cometbft: Path):
    program = cometbft.read_bytes()
    phrases = [entry[0] for entry in (*supervisor._MEANINGS, *supervisor._WARNINGS)]
    # A phrase with a colon is put together while the program runs.
    pieces = {piece for phrase in phrases for piece in phrase.split(": ")}
    assert {piece for piece in pieces if piece.encode() not in program} == set()
