"""`hefu views …`: SQL views of the ledger, rebuilt from its events; never a source of truth."""

from __future__ import annotations

import click

from hefu.cli.language import t


@click.group(help=t("SQL views of the ledger.", "账本的 SQL 视图。"))
def views() -> None:
    """Group."""
