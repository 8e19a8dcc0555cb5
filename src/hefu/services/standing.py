"""What an organisation is on the ledger: its roles and membership, changed by the members' votes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hefu.contracts.parties import commands as pc
from hefu.contracts.parties import state as ps
from hefu.kernel.errors import Rejected
from hefu.services import keys
from hefu.services.home import PartyEntry
from hefu.services.network import Network


@dataclass(frozen=True)
class Standing:
    """Roles and membership after a change, and the governing key that a new member got, if it needed one."""

    roles: tuple[str, ...]
    member: bool
    key: bytes = b""


def set_roles(
    network: Network, proposer: PartyEntry, target: PartyEntry, roles: Sequence[str], member: bool | None
) -> Standing:
    """
    Have the members in this home vote for other roles or another membership.

    Args:
        roles: All that it shall have; none for those that it has.
        member: None for what it is.
    """
    organisation = bytes.fromhex(target.organisation)
    governing = bytes.fromhex(target.govern_key)
    record, held = network.engine.query(
        lambda chain: (
            chain.state.get(ps.organisation_key(organisation), ps.ORGANISATION),
            chain.state.get(ps.key_key(governing), ps.KEY),
        )
    )
    if record is None or held is None:
        raise Rejected("no such organisation", code="UNKNOWN_ORGANISATION")
    wanted = tuple(sorted(set(roles))) or record.roles
    votes = record.member if member is None else member
    network.vote(proposer, pc.SetRoles(organisation, wanted, votes))
    target.roles, target.member = wanted, votes
    network.home.save()
    if votes and "vote" not in held.purposes:
        # Its next vote would be refused: a key that was made for a firm without a vote may not cast one.
        return Standing(wanted, votes, keys.add(network, target, "govern", 0, use=True).key)
    return Standing(wanted, votes)
