"""
hefu-verify: checks an evidence bundle and prints what it proves.

Exit codes:

    0  proven under the genesis that --trust names
    2  wrong usage, or a file cannot be read
    4  refused: the bundle does not prove what it claims
    6  this machine lacks what the check needs
    7  consistent, but not authenticated: no genesis was given to trust
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hefu_verify.bundle import verify
from hefu_verify.codec import BYTES_MAX, Refused
from hefu_verify.facts import facts_of
from hefu_verify.report import report
from hefu_verify.suites import Unavailable
from hefu_verify.words import CODES_ZH, LANGUAGES

PROVEN, USAGE, REFUSED, UNAVAILABLE, NOT_AUTHENTICATED = 0, 2, 4, 6, 7


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Args:
        argv: Arguments without the program's name; the process's own where absent.

    Returns:
        The exit code.
    """
    try:
        asked = _parser(_language(os.environ)).parse_args(argv)
    except SystemExit as end:
        return USAGE if end.code else PROVEN
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show Chinese must not end the run.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        bundle = _read(asked.file)
        genesis = None if asked.trust is None else _read(asked.trust)
    except OSError as error:
        why = LANGUAGES[asked.lang]["unreadable"].format(why=error.strerror)
        sys.stderr.write(f"hefu-verify: {error.filename}: {why}\n")
        return USAGE
    try:
        facts = facts_of(verify(bundle, genesis))
    except Refused as refusal:
        return _refuse(refusal, asked.json, asked.lang)
    sys.stdout.write(json.dumps(facts, indent=2) + "\n" if asked.json else report(facts, asked.lang))
    return PROVEN if facts["authenticated"] else NOT_AUTHENTICATED


def _refuse(refusal: Refused, as_json: bool, language: str) -> int:
    unavailable = isinstance(refusal, Unavailable)
    if as_json:
        verdict = "unavailable" if unavailable else "refused"
        answer = {"format": "hefu-verdict/1", "verdict": verdict, "code": refusal.code, "text": refusal.text}
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    else:
        said = "{code}" if unavailable else LANGUAGES[language]["refused verdict"]
        text = CODES_ZH[refusal.code] if language == "zh" else refusal.text
        sys.stdout.write(f"{said.format(code=refusal.code)}{LANGUAGES[language]['colon']}{text}\n")
    return UNAVAILABLE if unavailable else REFUSED


def _read(path: Path) -> bytes:
    # One byte more than a bundle may have is enough to refuse it.
    with path.open("rb") as file:
        return file.read(BYTES_MAX + 1)


def _language(environment: Mapping[str, str]) -> str:
    """The language of the report where --lang names none: HEFU_LANG, then the locale."""
    get = environment.get
    asked = get("HEFU_LANG") or get("LC_ALL") or get("LC_MESSAGES") or get("LANG") or "en"
    return "zh" if asked.lower().startswith("zh") else "en"


def _parser(language: str) -> argparse.ArgumentParser:
    words = LANGUAGES[language]
    parser = argparse.ArgumentParser(
        prog="hefu-verify",
        description=__doc__ if language == "en" else words["description"],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help=words["help file"])
    parser.add_argument("--trust", type=Path, metavar="GENESIS", help=words["help trust"])
    parser.add_argument("--json", action="store_true", help=words["help json"])
    parser.add_argument("--lang", choices=sorted(LANGUAGES), default=language, help=words["help lang"])
    return parser


if __name__ == "__main__":
    sys.exit(main())
