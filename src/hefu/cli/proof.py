"""`hefu prove` and `hefu verify`: one file that proves a right, and the check that an outsider runs."""

from __future__ import annotations

from pathlib import Path

import click

from hefu.cli.common import common, opened, right_id
from hefu.cli.language import LANGUAGES, t
from hefu.cli.options import FORCE, WRITTEN_FILE, check_new
from hefu.cli.output import Output
from hefu.kernel.keyfile import publish
from hefu.services import proving


@click.command(help=t("Write the evidence bundle of a right.", "生成一项权利的证据包。"))
@click.argument("right")
@click.option(
    "-o",
    "--output-file",
    "file",
    required=True,
    type=WRITTEN_FILE,
    help=t("The file.", "输出文件。"),
)
@click.option(
    "--open",
    "fields",
    multiple=True,
    help=t("Open a field of the invoice's terms, e.g. number.", "公开发票条款中的字段，如 number。"),
)
@click.option(
    "--checkpoint", is_flag=True, help=t("Let the members of this home countersign first.", "先由本地成员会签。")
)
@FORCE
@common
def prove(output: Output, right: str, file: Path, fields: tuple[str, ...], checkpoint: bool, force: bool) -> None:
    """The whole history, state proofs and signatures; opened terms only where the holder chooses."""
    check_new(file, force=force)
    with opened() as trade:
        identifier = right_id(trade, right)
        openings = []
        if fields:
            document = trade.right(identifier).document
            seller = trade.network.home.party(trade.document(document).seller.hex())
            openings.append((document, trade.opened(document, seller, frozenset(fields))))
        if checkpoint:
            trade.network.checkpoint()
        raw = trade.network.engine.query(lambda chain: proving.bundle(chain, identifier, openings))
        height, genesis = trade.network.chain.tip.height, trade.network.home.genesis
    publish(file, raw, overwrite=force)
    output.data({"file": str(file), "bytes": len(raw), "height": height, "right": identifier})
    output.line(t(f"{file}: {len(raw):,} bytes, as of block {height}", f"{file}：{len(raw):,} 字节，截至区块 {height}"))
    output.line(f"    hefu verify {file} --trust {genesis}")


@click.command(help=t("Check an evidence bundle, offline.", "离线核验证据包。"))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--trust", type=click.Path(path_type=Path), help=t("The genesis that you trust.", "你信任的创世文件。"))
@click.option("--json", "as_json", is_flag=True, help=t("Print data for machines.", "输出供程序读取的数据。"))
@click.option("--lang", type=click.Choice(LANGUAGES), help=t("Language (or HEFU_LANG).", "语言（或 HEFU_LANG）。"))
def verify(file: Path, trust: Path | None, as_json: bool, lang: str | None) -> int:
    """Runs the separate verifier, which shares no code with the ledger; exit 7 without --trust, 4 where it refuses."""
    from hefu.cli.language import LANGUAGE
    from hefu_verify.__main__ import main

    arguments = [str(file), "--lang", LANGUAGE]
    if trust is not None:
        arguments += ["--trust", str(trust)]
    if as_json:
        arguments.append("--json")
    return main(arguments)
