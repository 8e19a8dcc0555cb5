"""Documents behind receivables, their fingerprints, and what others attest."""

from __future__ import annotations

from collections.abc import Mapping

EVIDENCE: Mapping[str, tuple[str, str]] = {
    # Documents.
    "DUPLICATE_DOCUMENT": (
        "This document has been registered in the network already, by you or by another party, and counts once only. "
        "Do not finance it again; use the entry that exists.",
        "该单据已在网络中登记，登记人可能是贵方或他方，一张单据只能登记一次。请使用已有登记，勿重复融资。",
    ),
    "OTHER_SELLER": (
        "The row is another firm's sale, or names its seller otherwise than the address book. Register it as that seller, or write "
        "the exact name or the unified social credit code.",
        "该行的销方是另一家企业，或写法与地址簿不符。请由该销方登记，或写明准确全称或统一社会信用代码。",
    ),
    "AMOUNT_DIFFERS": (
        "The amount is not the one on record: the same invoice stands registered with another total, or a "
        "confirmation must be for exactly what was proposed. Compare it with the original.",
        "金额与记录不符：同一发票已按另一金额登记，或确权金额须与提出的金额完全一致。请核对原件。",
    ),
    "BAD_KIND": (
        "A document is a contract, an order, a delivery note or an invoice. Choose one of these.",
        "单据种类只能是合同、订单、交货单或发票。请从中选择。",
    ),
    "SELF_TRADE": (
        "Seller and buyer of this document are the same account. A document stands between two parties; check who "
        "bought.",
        "该单据的卖方与买方是同一账户。单据须有交易双方，请核对买方。",
    ),
    "UNKNOWN_DOCUMENT": (
        "The ledger has no such document. Check the identifier, or have the seller register the document first.",
        "账本中没有该单据。请核对标识，或由卖方先行登记。",
    ),
    "OVERDRAWN": (
        "The amount is more than what is still free on this document; the rest is held, confirmed or used. Ask for no "
        "more than the amount available.",
        "金额超过该单据的剩余可用额度，其余部分已预留、在用或已用。请在可用额度内办理。",
    ),
    "TOO_MANY_RESERVATIONS": (
        "Too many proposals on this document still wait for an answer. Wait until some are answered or lapse, or "
        "withdraw some.",
        "该单据上待答复的提议过多。请等待答复或失效，或先撤回一部分。",
    ),
    "NO_COPY": (
        "This party keeps no copy of the document or of the terms that this needs. Ask the other side for it, or act "
        "as a party that has one.",
        "该方没有留存所需的单据或条款。请向对方索取，或由留存方办理。",
    ),
    "UNKNOWN_FIELD": (
        "The terms have no field of that name. Choose from the fields that they have.",
        "条款中没有该项内容。请从已有各项中选择。",
    ),
    # Fingerprints.
    "BAD_TAG": (
        "A document needs at least one fingerprint, not too many, each different and in the agreed form. Have the "
        "fingerprints computed again.",
        "单据至少要有一个指纹，不得过多或重复，且须符合约定格式。请重新计算指纹。",
    ),
    "BAD_IDENTITY": (
        "The number, code, date or parties of the document cannot be read as they must be to compute its fingerprint. "
        "Compare them with the original and correct them.",
        "单据的号码、代码、日期或当事人不合规范，无法计算指纹。请对照原件更正。",
    ),
    "QUOTA_EXCEEDED": (
        "This organisation has used up the number of fingerprints that it may have computed in this period. Wait for "
        "the next period, or ask the operator for a higher quota.",
        "该机构本期可计算的指纹次数已用完。请等待下一期，或向运营方申请提高额度。",
    ),
    # Attestations.
    "UNKNOWN_KIND": (
        "There is no such kind of attestation. Choose from the list, for example payment, delivery or tax check.",
        "没有这种证明。请从清单中选择，例如付款、交付或发票查验。",
    ),
    "BAD_RESULT": (
        "This kind of attestation does not know that result. Choose one of the results listed for it.",
        "这种证明没有该结果。请从其结果清单中选择。",
    ),
    "AS_OF_FUTURE": (
        "An attestation speaks of what has happened, and a payment's value date cannot be in the future. Correct the "
        "date, or wait.",
        "证明只能针对已发生的事实，付款起息日也不能晚于今日。请更正日期，或届时再办。",
    ),
    "BAD_DETAIL": (
        "The details do not fit this kind of attestation. A payment needs amount, payee, currency, value date and "
        "end-to-end reference; other kinds need none.",
        "所附明细与证明种类不符。付款证明须有金额、收款人、币种、起息日与端到端编号；其他种类不附明细。",
    ),
    "BAD_SUPERSEDES": (
        "One can correct only one's own attestation, of the same kind and about the same thing, that has not been "
        "corrected before. An attested payment is contested instead, not corrected.",
        "只能更正本机构就同一事项所作、尚未更正过的同类证明。付款证明不能更正，如有出入应提出异议。",
    ),
    # Attested payments.
    "DUPLICATE_PAYMENT": (
        "A payment with this end-to-end reference has been attested already and counts once only. Check the reference.",
        "同一端到端编号的付款已有证明，一笔付款只能证明一次。请核对编号。",
    ),
    "UNKNOWN_PAYMENT": (
        "The ledger has no such attested payment. Check the identifier, or ask the settlement bank to attest the "
        "payment first.",
        "账本中没有这笔付款证明。请核对标识，或先请清算银行出具证明。",
    ),
    "PAYMENT_MISMATCH": (
        "This payment is for another receivable, payee, currency or price. Name the payment that belongs to this one.",
        "该笔付款对应另一笔应收账款、收款人、币种或价款。请指明与本笔相符的付款。",
    ),
    "SELF_ATTESTED": (
        "Whoever pays cannot vouch for its own payment. Ask another settlement bank to attest it, or let the payee sign "
        "the receipt.",
        "付款方不得为自己的付款作证。请由另一家清算银行出具证明，或由收款人签署收据。",
    ),
    "PAYMENT_USED": (
        "This payment has been used, or what is left of it does not cover the amount. Name another payment, or a "
        "smaller amount.",
        "该笔付款已被使用，或余额不足以支付本次金额。请另指付款，或减少金额。",
    ),
    "PAYMENT_LATE": (
        "The payment's value date lies outside the time for which the accepted offer held the receivable. Agree on a "
        "new offer.",
        "付款起息日不在报价接受后的锁定期内。请双方重新报价。",
    ),
}
