"""Which column of a table is its outcome, and which of its words mean default: guesses, for a person to confirm."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from hefu.credit.models.looking import WORDS_SEEN, Seen, plain_name
from hefu.credit.models.values import word

_FLAG = r"(_(flag|ind|indicator|label|status|yn|y_n))?"
#: A column of this name says who defaulted: `1` in it means default.
_BAD = re.compile(
    r"((is|has|was)_)?((loan_)?default(ed)?|bad(_loan)?|bankrupt(cy)?|insolven(t|cy)|fail(ed|ure)?|(financial_)?distress(ed)?|"
    r"charged?_?off|written_?off|write_?off|npl|non_?performing|delinquent|dlq|not_(fully_)?(re)?paid|unpaid)"
    + _FLAG
    + "|"
    r"default\w*_next\w*|serious\w*|(是否)?(违约|逾期|破产)|坏账"
)
#: `1` in it means that all went well.
_GOOD = re.compile(
    r"((is|was)_)?(kredit|credit|credit_?worth(y|iness)|credit_?ability|(loan_)?approved|(fully_)?(re)?paid(_back)?|good(_loan)?|"
    r"solvent|performing|healthy|survived|alive|investment_grade|binary_rating)" + _FLAG
)
#: It says an outcome, but not which.
_EITHER = re.compile(
    r"target|label|class|y|outcome|(credit_)?risk(_(flag|performance|label|class))?|gb|good_bad" + _FLAG + "|"
    r"(loan_|mis_|account_|credit_|company_|firm_|approval_)?status(_label|_flag)?|标签"
)
_PART = re.compile(r"\w*(default|bankrupt|insolven|charged_?off)\w*|late|overdue")
_RATING = re.compile(r"(\w+_)?rating(_(grade|class|category))?|(credit_)?grade|credit_score|评级|(信誉|信用)评级")
#: Best first: what says an outcome by name.
_NAMES = (_BAD, _EITHER, _GOOD, _PART, _RATING)
_SENSITIVE = re.compile(r"sex|gender|marital\w*|foreign\w*")

_TRUE = frozenset({"1", "true", "yes", "y", "t", "是"})
_UNPAID = re.compile(r"\b(unpaid|not (fully )?(re)?paid|non ?performing|npl)\b|不良")
_NEGATED = re.compile(r"(no|not|non|never|without)\b|non(?=default|bankrupt)|[未非无没不]")
_BAD_WORD = re.compile(
    r"\b(bad|default(ed|er|s)?|bankrupt(cy)?|insolven(t|cy)|fail(ed|ure)?|late|past due|overdue|delinquen(t|cy)|chgoff|"
    r"charged? ?off|written ?off|write ?off|liquidat(ed|ion)|distress(ed)?|foreclos(ed|ure)|substandard|doubtful|loss|poor|"
    r"high risk)\b|违约|逾期|破产|坏|次级|可疑|损失"
)
#: Nobody knows yet, or ever will.
_UNDECIDED = re.compile(
    r"current|issued|(in )?grace( period)?|.*in ?progress|pending|unknown|missing|-+|not (yet )?rated|unrated|nr|wr|"
    r"withdrawn|cancell?ed"
)
_RATINGS = ("aaa", "aa", "a", "bbb", "bb", "b", "ccc", "cc", "c", "d")
_MOODYS = {"baa": "bbb", "ba": "bb", "caa": "ccc", "ca": "cc", "sd": "d", "rd": "d"}
_GRADE = re.compile(r"(aaa|aa|a|bbb|bb|b|ccc|cc|c|d|baa|ba|caa|ca|sd|rd)( ?[-+\u2212123]| ?\((high|low)\))?")
#: So large a part of the rows seldom defaults.
_MOST = 0.6


class Words(NamedTuple):
    """Words of a label that mean default, those that mean none (empty: all others), and why so."""

    positive: tuple[str, ...]
    negative: tuple[str, ...]
    why: str


def label_of(seen: Sequence[Seen]) -> tuple[str, str] | None:
    """The column of the outcome, by its name, else by its words, else by its place; and what is to be asked of the choice."""
    for pattern in _NAMES:
        for most in (2, WORDS_SEEN):
            found = [s for s in seen if pattern.fullmatch(s.plain) and _says(s, most)]
            if found:
                # A shorter name is rarely a date or an amount of the outcome.
                return min(found, key=lambda s: (s.distinct, len(s.name))).name, ""
    two = [s for s in seen if len(_decided(s.words)) == 2 and s.distinct <= 4 and s.blank < s.rows]
    two = [s for s in two if not _SENSITIVE.fullmatch(s.plain)] or two
    if not two:
        return None
    worded = [s for s in two if any(map(_is_bad, s.words))]
    if worded:
        return worded[-1].name, "no column is called an outcome; its words are taken for one"
    place = two[0] if two[-1].name != seen[-1].name and two[0].name == seen[0].name else two[-1]
    doubt = "" if len(two) == 1 else "no column is called an outcome; of those with two words this is a guess"
    return place.name, doubt


def is_outcome(plain: str) -> bool:
    """Whether a column's name, in one form, says who defaulted."""
    return bool(_BAD.fullmatch(plain))


def default_words(name: str, column: Sequence[str | None]) -> Words:
    """What the words of a label mean."""
    counts = Counter[str]()
    for cell, n in Counter(column).items():
        if (found := word(cell)) is not None:
            counts[found] += n
    listed = "It holds " + ", ".join(f"{w} ({n})" for w, n in counts.most_common(12))
    decided = {w: counts[w] for w in _decided(tuple(counts))}
    positive, why = _positive(plain_name(name), decided)
    left_out = [w for w in counts if w not in decided]
    if left_out:
        why += f". Rows of these are left out: {', '.join(left_out[:12])}"
    negative = [w for w in decided if w not in positive]
    return Words(tuple(positive), tuple(negative) if len(negative) <= WORDS_SEEN else (), listed + why)


def _says(s: Seen, most: int) -> bool:
    if not 2 <= len(_decided(s.words)) <= most or s.distinct > WORDS_SEEN:
        return False
    # Three words and more are an outcome only where some of them say so.
    return most == 2 or any(map(_is_bad, s.words)) or _is_scale(_decided(s.words))


def _decided(words: Sequence[str]) -> list[str]:
    """Words that say how it ended; all where too few would be left to tell one outcome from another."""
    left = [w for w in words if not _UNDECIDED.fullmatch(w)]
    bad = sum(map(_is_bad, left))
    return list(words) if len(left) < 2 or bad == len(left) else left


def _is_bad(text: str) -> bool:
    text = re.sub(r"[\W_]+", " ", text)
    if _UNPAID.search(text):
        return True
    # `Does not meet the credit policy. Status: Charged Off` is one nevertheless.
    return bool(_BAD_WORD.search(text)) and not _NEGATED.match(text)


def _grade(text: str) -> str:
    found = _GRADE.fullmatch(text)
    return _MOODYS.get(found[1], found[1]) if found else ""


def _is_scale(words: Sequence[str]) -> bool:
    return len(words) > 2 and all(map(_grade, words))


def _positive(name: str, counts: dict[str, int]) -> tuple[list[str], str]:
    if _is_scale(list(counts)):
        return _below(list(counts)), ""
    bad = [w for w in counts if _is_bad(w)]
    if bad and len(bad) < len(counts):
        return bad, ""
    # Defaults are the rarer outcome nearly always.
    rarest = min(counts, key=lambda w: counts[w]) if counts else ""
    if len(counts) != 2:
        return [rarest] * bool(counts), ""
    for coded in ({"1", "2"}, {"g", "b"}):
        if set(counts) == coded:
            return [max(coded & {"2", "b"})], ""
    yes = [w for w in counts if w in _TRUE]
    if len(yes) != 1:
        return [rarest], ""
    other = next(w for w in counts if w != yes[0])
    if _GOOD.fullmatch(name):
        return [other], f". By its name {yes[0]} means that all went well"
    if counts[yes[0]] > _MOST * sum(counts.values()):
        if not _BAD.fullmatch(name) and not _PART.fullmatch(name):
            return [other], f". Most rows say {yes[0]}, so it is taken to mean that all went well"
        return yes, f". Most rows say {yes[0]}: are so many defaults?"
    return yes, ""


def _below(words: Sequence[str]) -> list[str]:
    """Below investment grade; of a short scale its last grade."""
    grades = {w: _RATINGS.index(_grade(w)) for w in words}
    cut = _RATINGS.index("bb")
    if len(set(grades.values())) <= 4 and _RATINGS.index("bbb") not in grades.values():
        cut = max(grades.values())
    return [w for w in words if grades[w] >= min(cut, max(grades.values()))]
