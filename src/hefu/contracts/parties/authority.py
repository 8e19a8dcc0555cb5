"""Who may do what with parties."""

from __future__ import annotations

from collections.abc import Mapping

from hefu.contracts.parties import commands as c
from hefu.contracts.parties.roles import REGISTRARS
from hefu.ledger.authority import Resolver, Row, Signer

RESOLVERS: Mapping[str, Resolver] = {
    "registrar": lambda state, command, context: command.registrar,
    "organisation": lambda state, command, context: command.organisation,
    "proposer": lambda state, command, context: command.proposer,
    "voter": lambda state, command, context: command.voter,
}

AUTHORITY = (
    Row(
        c.Enrol,
        "A registrar enrols a supplier whose identity it has checked.",
        signers=(Signer("registrar", "administer", roles=REGISTRARS, member=True, organisation=True),),
        becomes="active",
    ),
    Row(
        c.OpenAccount,
        "An organisation opens an account.",
        signers=(Signer("organisation", "administer", organisation=True),),
        becomes="open",
    ),
    Row(
        c.AddKey,
        "An organisation adds a key from a height on.",
        signers=(Signer("organisation", "administer", organisation=True),),
        becomes="valid from the height",
    ),
    Row(
        c.RevokeKey,
        "An organisation ends a key at a height.",
        signers=(Signer("organisation", "administer", organisation=True),),
        becomes="not valid from the height",
    ),
    Row(
        c.SetContact,
        "An organisation says where letters for it go and which key seals them.",
        signers=(Signer("organisation", "administer", organisation=True),),
        becomes="in place of the one before",
    ),
    Row(
        c.ProposeChange,
        "A member proposes to admit, change roles, suspend, reinstate, seat a validator, upgrade or hand over; this is its vote.",
        signers=(Signer("proposer", "vote", member=True, organisation=True),),
        becomes="open",
    ),
    Row(
        c.Vote,
        "A member votes; two thirds of the members adopt.",
        signers=(Signer("voter", "vote", member=True, organisation=True),),
        becomes="open, adopted or rejected",
    ),
)
