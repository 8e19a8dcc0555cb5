"""Chinese or English, chosen once at the start: `--lang`, then HEFU_LANG, then the locale."""

from __future__ import annotations

import os
import sys

from hefu.cli import chinese

LANGUAGES = ("en", "zh")


def _choose(arguments: list[str], environment: dict[str, str]) -> str:
    for i, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument.startswith("--lang="):
            asked = argument.partition("=")[2]
        elif argument == "--lang" and i + 1 < len(arguments):
            asked = arguments[i + 1]
        else:
            continue
        # A language that nobody speaks here is refused by the option itself, later and in English.
        return asked if asked in LANGUAGES else "en"
    for name in ("HEFU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


LANGUAGE = _choose(sys.argv[1:], dict(os.environ))
if LANGUAGE == "zh":
    # Before any command is made: the library puts some of its own words into each.
    chinese.install()


def t(english: str, chinese: str) -> str:
    """The text in the chosen language. Both stand side by side, so that neither is forgotten."""
    return chinese if LANGUAGE == "zh" else english


def speaks(text: str) -> bool:
    """Whether a text is in the chosen language already: a Chinese one has Chinese characters in it."""
    return LANGUAGE != "zh" or any("\u3400" <= c <= "\u9fff" for c in text)
