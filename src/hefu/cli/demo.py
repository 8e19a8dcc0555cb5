"""`hefu demo`: the main job from beginning to end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click

from hefu import bootstrap
from hefu.cli.common import money
from hefu.cli.demo_credit import report_credit
from hefu.cli.language import t
from hefu.cli.output import Bars, Output
from hefu.documents.invoices import Size
from hefu.kernel.errors import UsageError
from hefu.services.nodes.local import LocalNetwork
from hefu.services.nodes.story import NetworkStory
from hefu.services.nodes.supervisor import TOOLS, find_cometbft
from hefu.services.story import Outcome, Story

LABELS = {
    "import": ("import and check invoices", "导入并检查发票"),
    "reading": ("read files", "读取文件"),
    "duplicates": ("find duplicate rows", "查找重复行"),
    "network": ("start the network: banks, operator, supervisor", "建立网络：银行、平台运营方、监管方"),
    "kill": ("kill a node and its engine", "杀死一个节点及其共识引擎"),
    "restart": ("start it again; it catches up", "重新启动并追上"),
    "partition": ("cut another node off", "隔离另一个节点"),
    "heal": ("heal the partition; it catches up", "恢复连接并追上"),
    "enrol": ("enrol firms", "企业入网"),
    "books": ("firms' books: invoices, tax, bank, meters", "企业账簿：发票、税务、流水、水电"),
    "assess": ("assess every firm; digests to the ledger", "评估每家企业；决策摘要上账"),
    "register": ("register invoices by fingerprint", "以指纹登记发票"),
    "propose": ("propose receivables", "提出应收账款"),
    "confirm": ("confirm (obligor)", "债务人确权"),
    "split_and_assign": ("split and pass on, tier by tier", "逐级拆分转让"),
    "further_tiers": ("pass on to further tiers", "继续向更深层级转让"),
    "offer": ("offers by three banks", "三家银行报价"),
    "finance": ("finance the best offer", "按最优报价融资"),
    "resale": ("resale between banks", "银行间再转让（再保理）"),
    "de_cored": ("finance without confirmation", "脱核融资（未确权）"),
    "notice": ("notify the obligor, acknowledged", "通知债务人并签收"),
    "attacks": ("attacks", "攻击"),
    "settle": ("settle at maturity", "到期清偿"),
    "checkpoint": ("countersigned checkpoint", "成员会签的检查点"),
    "invariants": ("recompute and check everything", "全部重算并核对"),
    "prove": ("evidence bundle", "证据包"),
}
NOTES = {
    "synthetic": (
        "synthetic economy, seed {seed}: no firm and no invoice here exists",
        "合成经济体，种子 {seed}：其中的企业与发票均不存在",
    ),
    "matched": (
        "real invoices: {trades} trades between firms, found by matching sales with purchases; {twins} groups of twin firms "
        "taken for one; {self_trades} invoices of a firm to itself left out",
        "真实发票：销项与进项相互匹配，得企业间交易 {trades} 笔；孪生企业 {twins} 组各视为一家；自开给自己的发票 {self_trades} 张不用",
    ),
    "simulated": (
        "simulated, for the data lack them: banks, confirmations, deliveries, due dates, offers, payments",
        "数据所缺、由模拟补足：银行、确权、交付、到期日、报价、付款",
    ),
    "further_tiers": (
        "tiers {first} to {last} are simulated too, and their suppliers named so",
        "第 {first} 至第 {last} 级亦为模拟，供应商名称中已注明",
    ),
    "credit_model": (
        "the credit model was made from made-up firms: of real ones its figures show how a desk works, and no more",
        "信用模型由合成企业训练：用于真实企业只演示流程，其数值不能作为授信依据",
    ),
    "rows": ("rows not accepted: {left}", "未采用的行：{left}"),
    "clock": ("the clock is simulated, from {first_on} on", "时钟为模拟，自 {first_on} 起"),
    "chosen": ("the {told} deepest of {found} chains are told", "共 {found} 条链，取最深的 {told} 条"),
}
#: Over a network a story told one transaction after another takes a third of a second for each.
NETWORK_SIZE = Size(cores=1, suppliers=8, invoices=24)
NETWORK_CHAINS = 5
ATTACKS = {
    "double_pledge_at_second_bank": ("pledge a pledged right at a second bank", "已质押的权利再向第二家银行质押"),
    "assign_what_is_pledged": ("assign what is pledged", "转让已质押的权利"),
    "same_invoice_split_differently": ("split the same invoice another way", "同一发票换个方式拆分再用"),
    "same_invoice_registered_again": ("register the same invoice again", "同一发票再次登记"),
    "same_invoice_in_full_width_digits": ("the same invoice in full-width digits", "同一发票改用全角数字"),
    "edited_amount": ("the same invoice with an edited amount", "同一发票改动金额"),
    "over_drawn_invoice": ("draw more than the invoice", "超出发票金额使用"),
    "second_tier_finances_what_was_paid": (
        "finance an invoice that was paid with a part",
        "已用凭证付清的发票再去融资",
    ),
    "replayed_transaction": ("replay a transaction", "重放交易"),
    "forged_command": ("change a command under its signature", "在签名之下改动指令"),
    "forged_signature": ("forge a signature", "伪造签名"),
    "stripped_signature": ("strip a signature", "去掉签名"),
    "rewritten_encoding": ("rewrite the bytes without changing the meaning", "意思不变、改写字节"),
    "stranger_without_a_key": ("a stranger's command", "陌生人的指令"),
    "member_moves_anothers_right": ("a member moves another's right", "成员动用他人的权利"),
    "obligor_discharges_by_its_own_word": ("the obligor says that it paid", "债务人单方称已付款"),
}


@click.command(help=t("Run the whole story on a fresh embedded network.", "在全新的内嵌网络上跑完整个业务过程。"))
@click.option(
    "--invoices",
    type=click.Path(path_type=Path, exists=True),
    help=t("Real invoices: a CSV or Parquet file, or a folder.", "真实发票：CSV 或 Parquet 文件，或文件夹。"),
)
@click.option("--seed", default=1, show_default=True, help=t("Of whatever is simulated.", "模拟部分的随机种子。"))
@click.option(
    "--suite",
    type=click.Choice(["ed25519", "sm2"]),
    default="ed25519",
    show_default=True,
    help=t("Signatures and hashes: international, or SM2 with SM3.", "签名与杂凑：国际算法，或国密 SM2/SM3。"),
)
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help=t("Write the outcome as data (- for standard output).", "把结果写成数据文件（- 为标准输出）。"),
)
@click.option(
    "--home",
    "home",
    envvar="HEFU_HOME",
    default="hefu-demo",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help=t("Where the ledger stays afterwards.", "账本事后保留的位置。"),
)
@click.option(
    "--network",
    "over_network",
    is_flag=True,
    help=t(
        "Over four validators on this machine, of which one is killed and one cut off; a smaller economy.",
        "在本机四个验证节点上运行，途中杀死一个、隔离一个；经济体较小。",
    ),
)
@click.option("--lang", type=click.Choice(["en", "zh"]), help=t("Language (or HEFU_LANG).", "语言（或 HEFU_LANG）。"))
def demo(
    invoices: Path | None,
    seed: int,
    suite: str,
    json_file: Path | None,
    home: Path,
    over_network: bool,
    lang: str | None,
) -> None:
    """Invoices in, receivables confirmed, split, passed on, financed, settled, attacked in vain, proven."""
    output = Output(as_json=str(json_file) == "-")
    if home.exists() and any(home.iterdir()):
        if not (home / "DEMO").exists():
            raise UsageError(
                t(
                    f"{home} holds something that no demo made; choose another --home",
                    f"{home} 中有并非演示生成的内容，请换一个 --home",
                ),
                code="HOME_EXISTS",
            )
        # Only what an earlier demo made is replaced; its nodes may run still.
        if (home / "network.json").exists():
            LocalNetwork(home).down()
        shutil.rmtree(home)
    with Bars(lambda name: t(*LABELS.get(name, (name, name))), quiet=output.as_json) as bars:
        story: Story
        if over_network:
            find_cometbft(TOOLS)
            story = NetworkStory(
                home,
                bootstrap.application(),
                seed=seed,
                progress=bars,
                suite_name=suite,
                size=NETWORK_SIZE,
                chains_max=NETWORK_CHAINS,
            )
        else:
            story = Story(home, bootstrap.application(), seed=seed, progress=bars, suite_name=suite)
        outcome = story.run(invoices)
    (home / "DEMO").write_text(
        "The passphrase of this home is hefu-demo. Nothing in it guards anything.\n", encoding="utf-8"
    )
    data = outcome.as_data()
    if json_file is not None and str(json_file) != "-":
        json_file.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    output.data(data)
    _report(output, outcome)
    failed = [a.name for a in outcome.attacks if not a.refused] + [i.name for i in outcome.invariants if not i.holds]
    if failed:
        raise SystemExit(4)


def _report(output: Output, outcome: Outcome) -> None:
    mark = t("simulated", "模拟")
    for note in outcome.notes:
        output.line("· " + t(*NOTES[note["code"]]).format(**note))
    output.line()
    output.table(
        (t("stage", "环节"), t("count", "数量"), t("amount, CNY", "金额（元）"), t("seconds", "秒"), ""),
        [
            (
                t(*LABELS.get(s.name, (s.name, s.name))),
                f"{s.count:,}",
                money(s.amount_minor)[:-4] if s.amount_minor else "",
                f"{s.seconds:.2f}",
                mark if s.simulated else "",
            )
            for s in outcome.stages
        ],
        right=(1, 2, 3),
    )
    report_credit(output, outcome)
    output.line()
    output.table(
        (t("attack", "攻击"), t("answer", "结果"), t("reason", "原因")),
        [
            (
                t(*ATTACKS.get(a.name, (a.name, a.name))),
                t("refused", "被拒绝") if a.refused else t("NOT REFUSED", "未被拒绝"),
                a.code,
            )
            for a in outcome.attacks
        ],
    )
    output.line()
    output.table(
        (t("invariant", "不变量"), t("holds", "成立"), t("checked", "核对数")),
        [(i.name, t("yes", "是") if i.holds else t("NO", "否"), f"{i.checked:,}") for i in outcome.invariants],
        right=(2,),
    )
    if outcome.nodes:
        output.line()
        output.table(
            (
                t("node", "节点"),
                t("bank", "银行"),
                t("what was done to it", "所受故障"),
                t("block", "区块"),
                t("state root", "状态根"),
            ),
            [
                (
                    node["node"],
                    node["bank"],
                    {"kill": t("killed", "被杀死"), "partition": t("cut off", "被隔离")}.get(node["done"], ""),
                    f"{node['height']:,}",
                    node["state_root"][:16],
                )
                for node in outcome.nodes
            ],
        )
    output.line()
    seconds = sum(s.seconds for s in outcome.stages)
    output.line(
        t(
            f"{outcome.transactions:,} transactions in {outcome.height:,} blocks; {seconds:.1f} s.",
            f"{outcome.height:,} 个区块、{outcome.transactions:,} 笔交易；用时 {seconds:.1f} 秒。",
        )
    )
    output.line(t("One file proves a right to an outsider:", "一个文件即可向外人证明一项权利："))
    output.line(f"    hefu verify {outcome.bundle} --trust {outcome.genesis}")
