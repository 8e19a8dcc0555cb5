"""
What each stable code means, in the words of a bank's desk, a treasurer or a bookkeeper: English and Chinese side by side.

An explanation says what a refusal or error means and what would satisfy the rule, or what to do next. It names nobody and no
value: that is the error's own text. One code has one explanation, wherever it is raised; docs/reference/refusals.md is printed
from here, and a test holds it against the source.
"""

from __future__ import annotations

from collections.abc import Mapping

from hefu.kernel.explanations.credit import CREDIT
from hefu.kernel.explanations.decisions import DECISIONS
from hefu.kernel.explanations.evidence import EVIDENCE
from hefu.kernel.explanations.invoices import INVOICES
from hefu.kernel.explanations.ledger import LEDGER
from hefu.kernel.explanations.letters import LETTERS
from hefu.kernel.explanations.machine import MACHINE
from hefu.kernel.explanations.models import MODELS
from hefu.kernel.explanations.network import NETWORK
from hefu.kernel.explanations.parties import PARTIES
from hefu.kernel.explanations.receivables import RECEIVABLES
from hefu.kernel.explanations.transactions import TRANSACTIONS

#: By area; no code stands in two.
AREAS: tuple[Mapping[str, tuple[str, str]], ...] = (
    TRANSACTIONS,
    PARTIES,
    EVIDENCE,
    RECEIVABLES,
    INVOICES,
    CREDIT,
    DECISIONS,
    MODELS,
    LEDGER,
    MACHINE,
    NETWORK,
    LETTERS,
)
#: Stable code to its explanation: English, Chinese.
EXPLANATIONS: Mapping[str, tuple[str, str]] = {code: texts for area in AREAS for code, texts in area.items()}
