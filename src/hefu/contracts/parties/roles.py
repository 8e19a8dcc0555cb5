"""Roles, purposes and statuses: the closed lists that tables and records draw from."""

from __future__ import annotations

from typing import Final

CORE_ENTERPRISE: Final = "core_enterprise"
SUPPLIER: Final = "supplier"
BANK: Final = "bank"
FACTOR: Final = "factor"
SETTLEMENT_BANK: Final = "settlement_bank"
GUARANTOR: Final = "guarantor"
PLATFORM_OPERATOR: Final = "platform_operator"
TAX_AUTHORITY: Final = "tax_authority"
UTILITY: Final = "utility"
WAREHOUSE: Final = "warehouse"
VERIFIER: Final = "verifier"
ECNY_OPERATOR: Final = "ecny_operator"
COURT: Final = "court"
SUPERVISOR: Final = "supervisor"

ROLES: Final = frozenset(
    {
        CORE_ENTERPRISE,
        SUPPLIER,
        BANK,
        FACTOR,
        SETTLEMENT_BANK,
        GUARANTOR,
        PLATFORM_OPERATOR,
        TAX_AUTHORITY,
        UTILITY,
        WAREHOUSE,
        VERIFIER,
        ECNY_OPERATOR,
        COURT,
        SUPERVISOR,
    }
)
#: Roles that a registrar may give alone; every other takes a vote of the members.
REGISTRAR_ROLES: Final = frozenset({SUPPLIER})
REGISTRARS: Final = (PLATFORM_OPERATOR, BANK)

PURPOSES: Final = frozenset(
    {
        "administer",
        "register",
        "confirm",
        "accept",
        "transfer",
        "pledge",
        "finance",
        "receive",
        "attest",
        "vote",
        "checkpoint",
        "clock",
    }
)
ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
