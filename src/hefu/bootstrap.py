"""The one place that names adapters: which contracts a ledger has, and what each of them leans on."""

from __future__ import annotations

from hefu.contracts.attestations.contract import AttestationsContract
from hefu.contracts.clock.contract import ClockContract
from hefu.contracts.evidence.contract import EvidenceContract
from hefu.contracts.parties.contract import PartiesContract
from hefu.contracts.receivables.contract import ReceivablesContract
from hefu.ledger.application import Application


def application() -> Application:
    """The contracts of this version, bound together."""
    parties = PartiesContract()
    directory = parties.directory
    clock = ClockContract(directory)
    attestations = AttestationsContract(directory)
    evidence = EvidenceContract(directory)
    receivables = ReceivablesContract(evidence, attestations, directory)
    return Application((parties, clock, attestations, evidence, receivables), directory, clock)
