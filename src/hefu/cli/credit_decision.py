"""`hefu credit decide, replay, why, attest, follow`: from a score to a decision that is a file."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from hefu import __version__
from hefu.cli.common import common, day, opened, party
from hefu.cli.credit_models import read_model
from hefu.cli.credit_policy import AT, DECISION_FILE, POLICY, instant, policy_text
from hefu.cli.credit_store import STORE, check_known, existing_store, synthetic_note
from hefu.cli.language import t
from hefu.cli.options import FORCE, READ_FILE, check_new
from hefu.cli.output import Output
from hefu.credit.decision import allocation, file
from hefu.credit.decision.application import read_application
from hefu.credit.decision.change import Found, of_decision
from hefu.credit.decision.decide import Answer
from hefu.credit.decision.document import SALT_BYTES, canonical
from hefu.credit.decision.numbers import format_ppm, parse_fen
from hefu.credit.decision.policy import Policy, read_policy
from hefu.credit.decision.record import check_fields
from hefu.credit.decision.words import FACILITIES, TOOK, text_of
from hefu.credit.features import BY_NAME, VERSION, compute, record_of
from hefu.credit.models.record import Model, Score
from hefu.credit.sources import Store
from hefu.kernel.errors import UsageError
from hefu.kernel.keyfile import publish
from hefu.kernel.money import format_minor
from hefu.kernel.time import business_date, format_instant

VERDICTS = {"approve": ("approved", "同意"), "refer": ("a person decides", "转人工审查"), "refuse": ("refused", "拒绝")}


_DIGEST = click.option("--digest", metavar="HEX", help=t("What the ledger has.", "账本上的摘要。"))
_MODEL_BESIDE = click.option(
    "--model",
    "model_path",
    type=READ_FILE,
    help=t("The model, where it is kept beside.", "模型文件，未存入决策文件时指定。"),
)


@click.command(
    "decide",
    help=t(
        "Decide on one firm: limit, price, reasons, as a file that replays.",
        "对一家企业作出决策：额度、利率、理由，存为可重放的文件。",
    ),
)
@click.option("--model", "model_path", required=True, type=READ_FILE, help=t("Model of record.", "评分模型文件。"))
@POLICY
@click.option(
    "--application",
    "application_path",
    required=True,
    type=READ_FILE,
    help=t("What is asked for and known besides (TOML or JSON).", "申请内容及其他已知情况（TOML 或 JSON）。"),
)
@click.option(
    "--record",
    "record_path",
    type=READ_FILE,
    help=t("Integers of record (JSON); from the store otherwise.", "特征整数记录（JSON），缺省由数据源库计算。"),
)
@STORE
@click.option(
    "--firm",
    help=t(
        "Firm in the store, where it has another name than in the application.", "库中的企业代号，与申请中不同时指定。"
    ),
)
@click.option(
    "--as-of",
    "as_of",
    help=t(
        "Nothing known later enters; the day of the decision if absent.",
        "截至日期，此后获知的数据不计；缺省为决策当日。",
    ),
)
@AT
@click.option(
    "--model-beside", is_flag=True, help=t("Keep only the model's digest in the file.", "文件中只保留模型摘要。")
)
@DECISION_FILE
@FORCE
@common
def decide_command(
    output: Output,
    model_path: Path,
    policy_path: Path,
    application_path: Path,
    record_path: Path | None,
    store_path: Path | None,
    firm: str | None,
    as_of: str | None,
    at: str | None,
    model_beside: bool,
    target: Path,
    force: bool,
) -> None:
    """Exit code 0 whatever the verdict: the decision was made. The digest is what a ledger gets, never the file."""
    check_new(target, force=force)
    model = read_model(model_path)
    text = policy_text(policy_path)
    policy, application = read_policy(text.encode()), read_application(application_path.read_bytes())
    at_ms = instant(at)
    known_on = day(as_of) if as_of else business_date(at_ms)
    record, definitions, synthetic = (
        (_record(record_path), 0, False)
        if record_path
        else _computed(model, store_path, firm or application.firm, known_on)
    )
    made = file.make(
        file.Inputs(
            policy=text,
            model=json.loads(model_path.read_bytes()),
            model_digest=model.digest,
            record=record,
            application=application,
            at_ms=at_ms,
            as_of=known_on,
            salt=secrets.token_bytes(SALT_BYTES),
            definitions=definitions,
            is_synthetic=synthetic,
            hefu=__version__,
        ),
        model,
        policy,
        with_model=not model_beside,
    )
    publish(target, made.raw, overwrite=force)
    output.data({"saved": str(target), "digest": made.digest, "synthetic": synthetic, **_told(made.answer, made.score)})
    synthetic_note(output, synthetic)
    _show(output, made, policy, model)
    output.line(t(f"Saved to {target.name}; digest {made.digest}", f"已存入 {target.name}；摘要 {made.digest}"))


def _record(path: Path) -> Mapping[str, int | None]:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and isinstance(found.get("record"), dict):
        # What `hefu credit features --json` prints.
        found = found["record"]
    if not isinstance(found, dict):
        raise UsageError(
            t("the record is not a JSON object", "特征记录不是 JSON 对象"), code="BAD_FIELD", where=path.name
        )
    return found


def _computed(
    model: Model, store_path: Path | None, firm: str, as_of: Any
) -> tuple[Mapping[str, int | None], int, bool]:
    check_fields(model)
    with Store(existing_store(store_path)) as store:
        check_known(store, firm)
        table = compute(store.connection, [(firm, as_of)])
        return record_of(next(table.facts())), VERSION, store.is_synthetic


def _told(answer: Answer, score: Score) -> dict[str, Any]:
    return {
        "verdict": answer.verdict,
        "limit": answer.limit,
        "offers": [
            {"kind": o.kind, "limit": o.limit, "rate_ppm": o.rate_ppm, "tenor_days": o.tenor_days}
            for o in answer.offers
        ],
        "points": score.points,
        "default_ppm": score.default_ppm,
        "expected_loss": answer.expected.loss,
        "expected_profit": answer.expected.profit,
        "reasons": [
            {"word": w.word, "effect": w.effect, "subject": w.subject, "have": w.have, "need": w.need}
            for w in answer.reasons
        ],
        "took_points": [{"field": r.field, "points": r.points, "code": r.code} for r in score.reasons],
    }


def _show(output: Output, made: file.Decision, policy: Policy, model: Model) -> None:
    answer, score = made.answer, made.score
    low, high = format_ppm(score.low_ppm), format_ppm(score.high_ppm)
    output.line(
        t(
            f"{VERDICTS[answer.verdict][0].capitalize()}: {made.inputs.application.firm}, {score.points} points, probability of default "
            f"{format_ppm(score.default_ppm)} ({low} to {high})",
            f"{VERDICTS[answer.verdict][1]}：{made.inputs.application.firm}，评分 {score.points}，违约概率 "
            f"{format_ppm(score.default_ppm)}（{low} 至 {high}）",
        )
    )
    if answer.offers:
        output.table(
            (t("offer", "授信品种"), t("limit, yuan", "额度（元）"), t("rate a year", "年利率"), t("days", "天数")),
            [
                (t(*FACILITIES[o.kind]), format_minor(o.limit, "CNY"), format_ppm(o.rate_ppm), o.tenor_days)
                for o in answer.offers
            ],
            right=(1, 2, 3),
        )
        output.line(
            t(
                f"Together {format_minor(answer.limit, 'CNY')} yuan; expected loss {format_minor(answer.expected.loss, 'CNY')}, "
                f"profit {format_minor(answer.expected.profit, 'CNY')}.",
                f"合计 {format_minor(answer.limit, 'CNY')} 元；预期损失 {format_minor(answer.expected.loss, 'CNY')} 元，"
                f"预期收益 {format_minor(answer.expected.profit, 'CNY')} 元。",
            )
        )
    for why in answer.reasons:
        output.line("  · " + t(*text_of(why, policy)))
    for reason in score.reasons[:4]:
        english, chinese = TOOK.get(reason.code, ("", ""))
        name = _named(reason.field, model)
        output.line("  · " + t(f"{name} {english} ({reason.points} points)", f"{name}{chinese}（{reason.points} 分）"))


def _named(name: str, model: Model) -> str:
    known = BY_NAME.get(name)
    if known is not None:
        return t(known.english, known.chinese)
    found = next((f for f in model.fields if f.name == name), None)
    return t(found.english, found.chinese) if found else name


@click.command(
    "replay",
    help=t(
        "Make a decision again from its file, and hold every byte against it.",
        "由决策文件重新作出决策，逐字节核对。",
    ),
)
@click.argument("path", metavar="FILE", type=READ_FILE)
@_MODEL_BESIDE
@_DIGEST
@common
def replay_command(output: Output, path: Path, model_path: Path | None, digest: str | None) -> None:
    """Of one firm or of many. Exit code 4 where the file does not say what comes of its own inputs."""
    raw = path.read_bytes()
    if f'"format":"{allocation.FORMAT}"'.encode() in raw:
        read = allocation.replay(raw, digest=digest)
        totals = read.totals
        output.data(
            {
                "digest": read.document["digest"],
                "firms": totals.firms,
                "offered": totals.offered,
                "profit": totals.profit,
            }
        )
        output.line(
            t(
                f"The same to the bit: {totals.firms:,} offers keep to every rule and come to a profit of "
                f"{format_minor(totals.profit, 'CNY')} yuan, {format_ppm(read.document['gap_ppm'])} from the bound. Digest {read.document['digest']}",
                f"逐位相同：{totals.firms:,} 笔授信均符合规则，预期收益 {format_minor(totals.profit, 'CNY')} 元，"
                f"与理论上界相差 {format_ppm(read.document['gap_ppm'])}。摘要 {read.document['digest']}",
            )
        )
        return
    made = file.replay(raw, model_path.read_bytes() if model_path else None, digest=digest)
    output.data({"digest": made.digest, **_told(made.answer, made.score)})
    synthetic_note(output, made.inputs.is_synthetic)
    output.line(
        t(
            f"The same to the bit: {VERDICTS[made.answer.verdict][0]} on {format_instant(made.inputs.at_ms)}. Digest {made.digest}",
            f"逐位相同：{format_instant(made.inputs.at_ms)} 的决策为{VERDICTS[made.answer.verdict][1]}。摘要 {made.digest}",
        )
    )


@click.command(
    "attest",
    help=t(
        "Put a decision's digest on the ledger: who assessed whom, when; not what came of it.",
        "把决策摘要登记上账：谁在何时评估了谁；结论不上账。",
    ),
)
@click.argument("path", metavar="FILE", type=READ_FILE)
@click.option("--as", "bank", required=True, help=t("A bank, a factor or the operator.", "银行、保理商或平台运营方。"))
@click.option("--about", required=True, help=t("The organisation that was assessed.", "被评估的机构。"))
@_MODEL_BESIDE
@common
def attest_command(output: Output, path: Path, bank: str, about: str, model_path: Path | None) -> None:
    """The decision is made again first: nothing is attested that does not replay."""
    made = file.replay(path.read_bytes(), model_path.read_bytes() if model_path else None)
    with opened() as trade:
        attestation = trade.attest_assessment(party(trade, bank), party(trade, about), bytes.fromhex(made.digest))
    output.data({"attestation": attestation, "digest": made.digest})
    output.line(t(f"Attested: {attestation.hex()}", f"已证明：{attestation.hex()}"))


@click.command(
    "why",
    help=t(
        "Why a decision fell as it did, and the smallest change that would turn it.",
        "说明决策的理由，以及能改变结果的最小变动。",
    ),
)
@click.argument("path", metavar="FILE", type=READ_FILE)
@_MODEL_BESIDE
@click.option(
    "--amount",
    help=t("What the firm would like to get, yuan; approval alone if absent.", "期望额度（元），缺省为获得同意即可。"),
)
@common
def why_command(output: Output, path: Path, model_path: Path | None, amount: str | None) -> None:
    """Every proposal was tried on the real decision before it is told."""
    made = file.replay(path.read_bytes(), model_path.read_bytes() if model_path else None)
    policy, model = read_policy(made.inputs.policy.encode()), _model_of(made, model_path)
    wanted = parse_fen(amount) if amount else 0
    found = of_decision(made, model, goal=lambda answer: answer.verdict == "approve" and answer.limit >= wanted)
    output.data({"digest": made.digest, **_told(made.answer, made.score), **_found(found, policy)})
    synthetic_note(output, made.inputs.is_synthetic)
    _show(output, made, policy, model)
    _proposed(output, found, policy, made, wanted)


def _model_of(made: file.Decision, path: Path | None) -> Model:
    return Model.read(path.read_bytes() if path else canonical(made.inputs.model or {}))


def _found(found: Found, policy: Policy) -> dict[str, Any]:
    words = {change.field: (change.english, change.chinese) for change in policy.changes}
    return {
        "change": None
        if found.turn is None
        else {
            "cost": found.turn.cost,
            "moves": [
                {
                    "field": m.field,
                    "from": m.old,
                    "to": m.new,
                    "along": list(m.along),
                    "cost": m.cost,
                    "days": m.days,
                    "english": words[m.field][0],
                    "chinese": words[m.field][1],
                }
                for m in found.turn.moves
            ],
            "verdict": found.turn.answer.verdict,
            "limit": found.turn.answer.limit,
        },
        "others": [
            {
                "amount": turn.amount,
                "confirmed": turn.confirmed,
                "verdict": turn.answer.verdict,
                "limit": turn.answer.limit,
            }
            for turn in found.others
        ],
        "complete": found.is_complete,
        "tried": found.tried,
    }


def _proposed(output: Output, found: Found, policy: Policy, made: file.Decision, wanted: int) -> None:
    if made.answer.verdict == "approve" and made.answer.limit >= wanted:
        return
    words = {change.field: (change.english, change.chinese) for change in policy.changes}
    if found.turn is not None:
        limit = format_minor(found.turn.answer.limit, "CNY")
        output.line(
            t(
                f"Smallest change that turns it ({found.turn.cost} points of effort; then {limit} yuan):",
                f"能改变结果的最小变动（代价 {found.turn.cost} 分，变动后额度 {limit} 元）：",
            )
        )
        for move in found.turn.moves:
            old, new = shown_value(move.field, move.old), shown_value(move.field, move.new)
            output.line(
                "  → "
                + t(
                    f"{words[move.field][0]}: from {old} to {new}, {move.days} days at least",
                    f"{words[move.field][1]}：由 {old} 到 {new}，至少 {move.days} 天",
                )
            )
    for turn in found.others:
        limit = format_minor(turn.answer.limit, "CNY")
        if turn.amount is not None:
            asked = format_minor(turn.amount, "CNY")
            output.line(
                t(
                    f"  → ask for {asked} yuan: {limit} yuan without a person's look",
                    f"  → 申请额改为 {asked} 元：可自动获批 {limit} 元",
                )
            )
        else:
            output.line(
                t(
                    f"  → have the buyer confirm {turn.confirmed}: then {limit} yuan",
                    f"  → 请买方对 {turn.confirmed} 确权：变动后额度 {limit} 元",
                )
            )
    if found.turn is None and not found.others:
        output.line(
            t(
                "No change of up to three fields that the firm can make was found to turn it.",
                "在企业可改变的三项以内的变动中，未发现能改变结果者。",
            )
        )


def shown_value(field: str, value: int) -> str:
    """A field's integer of record as people read it."""
    feature = BY_NAME.get(field)
    if feature is None:
        return f"{value:,}"
    if feature.unit == "fen":
        return t(f"{format_minor(value, 'CNY')} yuan", f"{format_minor(value, 'CNY')} 元")
    if feature.digits == 6:
        return format_ppm(value) if feature.unit == "share" else f"{value / 1_000_000:,.2f}"
    return f"{value:,}"


# -- live -----------------------------------------------------------------------------------------------------------------


@click.command(
    "follow",
    help=t("How a firm's score and limit moved with what became known.", "逐日显示企业评分与额度随数据变化的过程。"),
)
@click.option("--model", "model_path", required=True, type=READ_FILE, help=t("Model of record.", "评分模型文件。"))
@POLICY
@click.option(
    "--application",
    "application_path",
    required=True,
    type=READ_FILE,
    help=t("What is known besides the data.", "数据之外的已知情况。"),
)
@STORE
@click.option(
    "--firm",
    help=t(
        "Firm in the store, where it has another name than in the application.", "库中的企业代号，与申请中不同时指定。"
    ),
)
@click.option("--from", "first", required=True, help=t("First day.", "起始日期。"))
@click.option("--to", "last", required=True, help=t("Last day.", "截止日期。"))
@common
def follow_command(
    output: Output,
    model_path: Path,
    policy_path: Path,
    application_path: Path,
    store_path: Path | None,
    firm: str | None,
    first: str,
    last: str,
) -> None:
    """Only days on which what stands became another are shown; --json has every reading."""
    from hefu.credit.decision.live import LiveLimit

    model = read_model(model_path)
    policy, application = (
        read_policy(policy_text(policy_path).encode()),
        read_application(application_path.read_bytes()),
    )
    with Store(existing_store(store_path)) as store:
        name, synthetic = firm or application.firm, store.is_synthetic
        check_known(store, name)
        live = LiveLimit(name, policy, model, application, day(first), store.rows_of(name))
    live.advance(day(last))
    path = list(live.path())
    output.data(
        {
            "firm": name,
            "synthetic": synthetic,
            "readings": [
                {
                    "on": reading.on,
                    "points": reading.points,
                    "default_ppm": reading.default_ppm,
                    "would_be": reading.limit,
                    "verdict": standing.verdict,
                    "limit": standing.limit,
                    "rate_ppm": standing.rate_ppm,
                }
                for reading, standing in path
            ],
        }
    )
    synthetic_note(output, synthetic)
    shown, before = [], None
    for reading, standing in path:
        now = standing.verdict, standing.limit, standing.rate_ppm
        if now != before:
            shown.append(
                (
                    reading.on,
                    reading.points,
                    format_ppm(reading.default_ppm),
                    t(*VERDICTS[standing.verdict]),
                    format_minor(standing.limit, "CNY"),
                    format_ppm(standing.rate_ppm),
                )
            )
        before = now
    output.table(
        (
            t("day", "日期"),
            t("points", "评分"),
            t("default", "违约概率"),
            t("verdict", "结论"),
            t("limit, yuan", "额度（元）"),
            t("rate", "年利率"),
        ),
        shown,
        right=(1, 2, 4, 5),
    )
    output.line(
        t(
            f"{len(path):,} readings, {len(shown) - 1:,} moves.",
            f"共查看 {len(path):,} 次，额度或利率变动 {len(shown) - 1:,} 次。",
        )
    )


COMMANDS = (
    decide_command,
    replay_command,
    why_command,
    attest_command,
    follow_command,
)
