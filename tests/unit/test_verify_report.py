"""What the verifier prints, in both languages and as data, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from string import Formatter

import pytest

from bundles import OPENINGS, BundleWorld, Story, changed, lean, rich, terms
from hefu.kernel.commitments import open_fields, terms_root
from hefu.services.proving import bundle
from hefu_verify import verify, words
from hefu_verify.__main__ import main
from hefu_verify.facts import facts_of
from hefu_verify.report import money, report, visible
from hefu_verify.suites import Unavailable
from scenario import run

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def facts(story: Story, *, trusted: bool = True) -> dict[str, object]:
    return facts_of(verify(story.raw, story.genesis if trusted else None))


@pytest.fixture
def files(tmp_path):
    (tmp_path / "bundle").write_bytes(rich().raw)
    (tmp_path / "genesis").write_bytes(rich().genesis)
    return str(tmp_path / "bundle"), str(tmp_path / "genesis")


# -- words ----------------------------------------------------------------------------------------------------------


def test_both_languages_say_the_same_things():
    assert words.EN.keys() == words.ZH.keys()
    for key, text in words.EN.items():
        english, chinese = ({name for _, name, _, _ in Formatter().parse(t) if name} for t in (text, words.ZH[key]))
        assert english == chinese, key


def test_chinese_text_is_chinese_and_english_text_is_not():
    han = re.compile("[\u4e00-\u9fff]")
    assert not any(han.search(text) for text in words.EN.values())
    # Some entries are nothing but marks between what is filled in.
    fixed = {key: re.sub(r"\{\w+\}", "", text) for key, text in words.ZH.items()}
    assert all(han.search(text) for text in fixed.values() if re.search(r"\w", text))


def test_every_code_is_explained_and_documented():
    root = Path(__file__).parent.parent.parent
    raised = set()
    for file in (root / "src" / "hefu_verify").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        raised |= set(re.findall(r'[(,]\s*"([A-Z][A-Z0-9_]{6,})",', text)) if file.name != "words.py" else set()
    assert len(raised) > 30
    assert raised == words.CODES_ZH.keys()
    page = (root / "docs" / "reference" / "format.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`([A-Z][A-Z0-9]+_[A-Z0-9_]+|MALFORMED)`", page)) == raised


def test_the_report_says_who_what_when_and_on_whose_word():
    story = rich()
    text, world = report(facts(story), "en"), story.world
    steel, bank = world.org("Steel").hex()[:8], world.org("BankB").hex()[:8]
    for expected in (
        "EVIDENCE BUNDLE: VERIFIED",
        "Countersigned by 2 founding members",
        "SIMULATED CLOCK",
        story.right.hex(),
        "Face amount: 60,000.00 CNY",
        "still open: 54,990.00 CNY",
        "settled: 5,010.00 CNY",
        "Due on: 2026-04-05",
        "confirmed by the obligor",
        "Pledged: no",
        "Frozen: no",
        "Locked for an accepted offer: no",
        "not acknowledged",
        f"on the word of the obligor {steel}",
        "(core enterprise): key",
        f"Sold to {bank}",
        "did not need to sign: a bank attested the payment",
        "on the payee's own receipt",
        "on a bank's attestation",
        "2026-01-08T00:00:00+08:00",
        '"contract": "2026-采购-017"',
        "Rule set 1 applied. Registration with a public register is not required",
        "it gives no legal priority",
    ):
        assert expected in text, expected


def test_the_chinese_report_says_the_same():
    text = report(facts(rich()), "zh")
    for expected in (
        "核验通过",
        "2 家创始成员会签",
        "模拟时钟",
        "60,000.00 CNY",
        "有追索权",
        "核心企业",
        "法律上的优先顺位",
    ):
        assert expected in text, expected


@LANGUAGES
def test_one_operator_and_no_trust_are_said_first(language):
    plain = report(facts(lean()), language).splitlines()
    assert plain[1].endswith(words.LANGUAGES[language]["operator"])
    unknown = report(facts(lean(), trusted=False), language).splitlines()
    assert unknown[0] == words.LANGUAGES[language]["consistent"]
    assert unknown[1] == words.LANGUAGES[language]["unauthenticated"]


@LANGUAGES
def test_a_checkpoint_with_too_few_members_is_said_to_be_that(language):
    world = rich().world.fork()
    world.checkpoint("BankA", "Operator")
    text = report(facts(Story(world, rich().right)), language)
    assert words.LANGUAGES[language]["operator"] in text
    assert words.LANGUAGES[language]["too few"].format(count=1, needed=2) in text


STATES = """
    Parts          invoice          I1 Steel 1000                     -> OK
    Parts          invoice          I2 nobody 1000                    -> OK
    Wire           invoice          W1 Parts 150 standing             -> OK
    Parts          propose          R1 I1 600                         -> OK
    Parts          propose          R2 I1 100                         -> OK
    Parts          propose          R3 I1 100                         -> OK
    Parts          propose          R4 I1 100                         -> OK
    Steel          confirm          R1                                -> OK
    Steel          refuse           R2 quality_dispute                -> OK
    Parts          withdraw         R3                                -> OK
    Store          attest           D1 delivery I2 delivered          -> OK
    Parts          raise            E1 I2 500 delivery=D1             -> OK
    Store          attest           D2 delivery I2 partly supersedes=D1 -> OK
    Parts          split            R1 C1 150
    Parts          assign           C1 Wire W1                        -> OK
    Wire+BankB     pledge           C1 BankB cap=90                   -> OK
    Parts          notify           R1 home                           -> OK
    Steel          acknowledge      R1 home                           -> OK
    Parts          accept-offer     R1 BankB pledge recourse price=p until=1 -> OK
    Parts          accept-offer     E1 BankC sale price=p             -> OK
"""
SAID = {
    "R1": ("acknowledged by the obligor", "Locked for an accepted offer: for", "(pledge)", "it lapses by itself"),
    "R2": ("REFUSED by the obligor", "The obligor refused: quality dispute."),
    "R3": ("WITHDRAWN by its seller",),
    "R4": ("proposed, not yet confirmed", "NOT confirmed"),
    "E1": ("RAISED ON EVIDENCE ONLY", "not on this ledger", "delivery attested by", "superseded", "Locked"),
    "C1": ("Pledged: to", "up to 0.90 CNY", "may accept payment by assignment", "a part: 1 split(s)"),
}


def test_every_state_of_a_right_is_said():
    scene = run(STATES)
    genesis = scene.world.genesis.raw
    for name, expected in SAID.items():
        found = facts_of(verify(bundle(scene.world.chain, scene.thing(name)), genesis))
        text = report(found, "en")
        for words_ in expected:
            assert words_ in text, (name, words_)
        assert report(found, "zh")


@pytest.mark.parametrize(("simulated", "lapsed"), [(True, None), (False, False)])
def test_a_lock_lapses_by_the_clock_that_is_known(simulated, lapsed):
    scene = run(
        """
        Parts        invoice      I1 Steel 1000                -> OK
        Parts        propose      R1 I1 600                    -> OK
        Steel        confirm      R1                           -> OK
        Parts        accept-offer R1 BankB sale price=p until=1 -> OK
        """,
        simulated=simulated,
    )
    verdict = verify(bundle(scene.world.chain, scene.thing("R1")), scene.world.genesis.raw)
    assert facts_of(verdict)["right"]["lock"]["lapsed"] is lapsed


def test_holders_are_listed_from_when_to_when():
    holders = facts(rich())["holders"]
    world = rich().world
    assert isinstance(holders, list)
    assert [held["account"] for held in holders] == [
        world.account(name).hex() for name in ("Parts", "Parts", "Bolts", "BankB")
    ]
    assert [held["open"] for held in holders] == [9_000_000, 6_000_000, 6_000_000, 6_000_000]
    assert holders[-1]["until"] is None
    assert all(before["until"] == after["from"] for before, after in pairwise(holders))


def test_amounts_have_separators_and_their_currency():
    assert money(123_456_789, "CNY") == "1,234,567.89 CNY"
    assert money(5, "JPY") == "5 JPY"
    assert money(5, "X\nY") == "5 minor units of X\\u000aY"


NASTY = 'x"\n\nTrust basis: countersigned by 9\x1b[2J\u202egnp\u200b\\'


def test_nothing_that_a_bundle_says_can_pretend_to_be_the_verifier():
    world = BundleWorld.fresh().fork()
    assert isinstance(world, BundleWorld)
    nasty = terms(world, **{"note": NASTY, "other\nname": "y"})
    propose = world.propose_command("Parts", "I1", "R1", 100)
    world.invoice("Parts", "Steel", "I1", 100)
    import msgspec

    command = msgspec.structs.replace(propose, terms=terms_root(world.genesis.hash, nasty))
    assert world.run(command, "Parts") == "OK"
    right = world.new_id("Parts", "R1", "right")
    openings = ((right, open_fields(world.genesis.hash, nasty, frozenset({"note", "other\nname"}))),)
    text = report(facts(Story(world, right, openings)), "en")
    assert all(c.isprintable() or c == "\n" for c in text)
    assert sum(line.startswith("Trust basis") for line in text.splitlines()) == 1
    assert '"note": "x\\"\\u000a\\u000aTrust basis' in text
    assert visible(NASTY).isprintable()


def test_abbreviations_grow_until_they_tell_names_apart():
    from hefu_verify.report import _telling_digits

    names = ["ab" * 32, "ab" * 10 + "cd" * 12 + "ab" * 10, "00" * 32]
    assert _telling_digits(names[:1] + names[2:]) == 8
    assert _telling_digits(names) == 24


# -- the command ----------------------------------------------------------------------------------------------------


def test_a_good_bundle_of_a_trusted_ledger_ends_with_0(files, capsys):
    assert main([files[0], "--trust", files[1]]) == 0
    assert "EVIDENCE BUNDLE: VERIFIED" in capsys.readouterr().out


def test_without_trust_it_ends_with_7(files, capsys):
    assert main([files[0]]) == 7
    assert "consistent, not authenticated" in capsys.readouterr().out


@LANGUAGES
def test_a_bad_bundle_ends_with_4_and_says_why(files, capsys, language):
    raw = bytearray(rich().raw)
    raw[-1] ^= 1
    Path(files[0]).write_bytes(raw)
    assert main([files[0], "--trust", files[1], "--lang", language]) == 4
    out = capsys.readouterr().out
    assert out.startswith(words.LANGUAGES[language]["refused verdict"].format(code="BAD_OPENING"))
    assert ("承诺" in out) is (language == "zh")
    assert main([files[0], "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["code"] == "BAD_OPENING"


def test_another_genesis_ends_with_4(files, tmp_path, capsys):
    (tmp_path / "other").write_bytes(lean().genesis)
    assert main([files[0], "--trust", str(tmp_path / "other")]) == 4
    assert "OTHER_GENESIS" in capsys.readouterr().out


def test_data_is_the_same_as_the_report(files, capsys):
    assert main([files[0], "--trust", files[1], "--json"]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == facts(rich())


def test_wrong_usage_ends_with_2(files, tmp_path, capsys):
    assert main([]) == 2
    assert main([files[0], "--lang", "fr"]) == 2
    assert main([str(tmp_path / "nothing")]) == 2
    assert main([files[0], "--trust", str(tmp_path)]) == 2
    assert "hefu-verify:" in capsys.readouterr().err


def test_help_names_every_exit_code(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for code in ("0  proven", "2  wrong usage", "4  refused", "6  this machine", "7  consistent"):
        assert code in out


def test_a_machine_that_lacks_a_suite_ends_with_6(files, capsys, monkeypatch):
    def lacking(name: str) -> None:
        raise Unavailable("SM2_UNAVAILABLE", "none here")

    monkeypatch.setattr("hefu_verify.bundle.suite_named", lacking)
    assert main([files[0]]) == 6
    assert main([files[0], "--json"]) == 6
    assert '"unavailable"' in capsys.readouterr().out


def test_it_runs_as_a_program_of_its_own_in_a_terminal_without_chinese(files):
    run_ = subprocess.run(
        [sys.executable, "-m", "hefu_verify", files[0], "--lang", "zh"],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parent.parent.parent / "src")},
        check=False,
    )
    assert run_.returncode == 7, run_.stderr
    assert b"\\u8bc1" in run_.stdout


def test_a_bundle_too_large_is_refused_before_it_is_read(tmp_path, capsys, monkeypatch):
    from hefu_verify import __main__, codec

    monkeypatch.setattr(codec, "BYTES_MAX", 1000)
    monkeypatch.setattr(__main__, "BYTES_MAX", 1000)
    (tmp_path / "large").write_bytes(bytes(5000))
    assert main([str(tmp_path / "large")]) == 4
    assert "TOO_LARGE" in capsys.readouterr().out


def test_an_opening_less_is_another_true_bundle():
    raw = changed(rich().raw, lambda parts: parts[OPENINGS].clear())
    assert facts_of(verify(raw, rich().genesis))["openings"] == []
