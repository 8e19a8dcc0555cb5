"""Receivables and parts of them: proposing, confirming, passing on, pledging, financing, paying."""

from __future__ import annotations

from collections.abc import Mapping

RECEIVABLES: Mapping[str, tuple[str, str]] = {
    # Beginning a receivable.
    "UNKNOWN_RIGHT": (
        "The ledger has no receivable with this identifier. Check its digits.",
        "账本中没有该标识的应收账款。请核对权利标识。",
    ),
    "NOT_AN_INVOICE": (
        "A receivable begins on an invoice, not on another kind of document. Register the invoice and begin there.",
        "应收账款须基于发票提出，不能基于其他单据。请先登记发票。",
    ),
    "NO_OBLIGOR": (
        "The buyer is not on this ledger, so nobody can confirm. Have the buyer enrolled, or begin on an attested "
        "delivery without confirmation.",
        "买方尚未入网，无人可以确权。请先为买方办理入网，或凭交付证明提出未确权的应收账款。",
    ),
    "BAD_TENOR": (
        "The due date must lie after today and within the longest tenor that this ledger allows. Choose another due "
        "date.",
        "到期日须晚于今日，且不超过账本允许的最长账期。请另定到期日。",
    ),
    "DELIVERY_MISSING": (
        "Without a confirmation, the newest attestation that the goods were delivered in full is needed. Obtain it "
        "from the buyer, the warehouse or a verifier.",
        "未经确权的应收账款须附最近一份货物全部交付的证明。请向买方、仓储方或核验机构取得。",
    ),
    # Confirming.
    "LAPSED": (
        "The proposal was not answered in time and has lapsed. The seller can propose it again.",
        "该提议逾期未答复，已经失效。卖方可以重新提出。",
    ),
    "BAD_REASON": (
        "An obligor may refuse only for a reason on the list: wrong amount, duplicate, goods missing, not ours, paid "
        "already, or a dispute on quality. Internal procedure and changes of staff are no reasons.",
        "债务人拒绝确权只能选用清单所列理由：金额不符、重复、未收货、非本公司债务、已付款、质量争议。内部流程、"
        "人员变更等不能作为理由。",
    ),
    "TAG_MISMATCH": (
        "One's own copy of the invoice is not the one that was registered. Compare number, code, date and parties with "
        "the seller before confirming, paying with the right, or financing it.",
        "己方所持发票与登记的发票不是同一张。确权、以债权付款或融资之前，请与卖方核对号码、代码、日期与当事人。",
    ),
    "TAG_MISSING": (
        "No obligor confirmed this receivable, so nobody but the seller has vouched for its invoice. The financier has "
        "to compute the invoice's tag itself and give it along.",
        "该应收账款未经债务人确权，发票仅凭卖方一面之词。资金方须自行计算发票标签并随指令提交。",
    ),
    "CEILING": (
        "With this the obligor would owe more in all than the ceiling it set itself. It can raise the ceiling, or "
        "wait until payments make room.",
        "确权后债务人的应付总额将超过其自设的确权总额上限。债务人可提高上限，或待清偿腾出额度后再确权。",
    ),
    "UNCONFIRMED": (
        "No obligor has confirmed this receivable, so it cannot be passed on in payment, notified or cancelled. It "
        "can be financed as unconfirmed.",
        "该应收账款未经债务人确权，不能用于转让付款、发出转让通知或撤销，只能按未确权债权融资。",
    ),
    # Passing on.
    "EXPIRED": (
        "The receivable has fallen due and can no longer be split, passed on, pledged or financed. It can now be paid.",
        "该应收账款已到期，不能再拆分、转让、质押或融资，只能清偿。",
    ),
    "FROZEN": (
        "A judicial order freezes this receivable. It can be neither moved nor paid until the order is lifted.",
        "该应收账款已被司法冻结，解除冻结前不能处分，也不能清偿。",
    ),
    "PLEDGED": (
        "This receivable is pledged already and cannot be moved or pledged again. The pledgee must release it first.",
        "该应收账款已经质押，不能转让或再次质押。须由质权人先解除质押。",
    ),
    "NOT_PLEDGED": (
        "This receivable is not pledged, so there is no pledge to release. Check that it is the right one.",
        "该应收账款没有质押，无从解除。请核对是否选错。",
    ),
    "LOCKED": (
        "An accepted offer holds this receivable for one financier. Wait until the financing is complete or the lock "
        "ends, or ask the financier to give it up.",
        "该应收账款已接受报价，为资金方锁定。请等待放款完成或锁定期满，或由资金方放弃。",
    ),
    "ALREADY_MOVED": (
        "Only a receivable that is whole and untouched can be cancelled; of this one a part was split off, passed on "
        "or paid.",
        "只有完整、未动用的应收账款才能撤销；该笔已拆分、转让或部分清偿。",
    ),
    "NO_TRADE": (
        "An assignment must pay an invoice of the assignee on the assignor, in the same currency. Name the supplier's "
        "invoice that is being paid.",
        "转让须用于支付受让人开给转让人的发票，且币种相同。请指明所支付的供应商发票。",
    ),
    "TOO_DEEP": (
        "This receivable was passed on as often as the rules allow. It can be held to maturity or pledged.",
        "该应收账款的转让次数已达规则上限。可持有至到期，或用于质押。",
    ),
    # Pledging and financing.
    "SELF_DEALING": (
        "Nobody pledges to itself or finances itself. Choose another bank or factor.",
        "不能向自己质押或为自己融资。请另选银行或保理商。",
    ),
    "BAD_PLEDGE": (
        "A pledge names the debt that it secures and a maximum amount above zero. Complete both.",
        "质押须写明所担保的债务和大于零的最高担保金额。请补全。",
    ),
    "BAD_METHOD": (
        "Finance is by sale or by pledge. Choose one of the two.",
        "融资方式只能是转让或质押。请择一。",
    ),
    "BAD_OFFER": (
        "The offer lacks one of its terms, or a term is not of the right kind. Ask the financier for a new offer.",
        "报价缺少条款，或条款内容不合规范。请资金方重新报价。",
    ),
    "FOREIGN_OFFER": (
        "This offer is not signed with a key of the financier that it names, or with one that may no longer finance. Do "
        "not accept it; ask the financier by another way.",
        "该报价并非由其所载资金方的有效密钥签署。请勿接受，并通过其他途径向资金方核实。",
    ),
    "UNKNOWN_OFFER": (
        "This party has no such offer. Check the identifier, or ask the financier to send the offer again.",
        "该方没有收到这份报价。请核对标识，或请资金方重新发送。",
    ),
    "NOT_LOCKED": (
        "No accepted offer holds this receivable, or its time has run out. Accept an offer first.",
        "该应收账款没有已接受的报价，或锁定期已过。请先接受报价。",
    ),
    # Notice.
    "NO_NOTICE": (
        "The holder has not told the obligor whom to pay, so there is nothing to acknowledge. Wait for the notice.",
        "持有人尚未发出转让通知，无可签收。请等待通知。",
    ),
    "PAYEE_DIFFERS": (
        "The bank account acknowledged is not the one in the notice. Compare the account number with the holder "
        "before paying.",
        "签收的收款账号与转让通知不一致。付款前请与持有人核对账号。",
    ),
}
