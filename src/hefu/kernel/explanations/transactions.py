"""Answers to a transaction, its form and signatures, and who may do what."""

from __future__ import annotations

from collections.abc import Mapping

TRANSACTIONS: Mapping[str, tuple[str, str]] = {
    # Final answers.
    "OK": (
        "Done: it took effect and stands on the ledger.",
        "已生效并记入账本。",
    ),
    "REPLAYED": (
        "This same transaction was answered before and was not carried out again. The first answer still stands; read "
        "it, and do not send it again.",
        "同一笔交易此前已有答复，不会重复执行。以首次答复为准，无需再次提交。",
    ),
    "NOT_YET_VALID": (
        "The transaction was sent before the time from which it holds. Send a newly signed one, or check the clock of "
        "the signing machine.",
        "提交时间早于该交易的生效时间。请核对签署机器的时钟，重新签署后提交。",
    ),
    "TRANSACTION_EXPIRED": (
        "The signed transaction arrived after its time had run out. Have all parties sign it afresh and send it again.",
        "交易送达时已过有效期。请各方重新签署后再提交。",
    ),
    # Form: refused before anything else looks at it.
    "TOO_LARGE": (
        "The transaction is larger than this ledger takes. Divide it into several.",
        "交易超过账本允许的大小。请拆成几笔提交。",
    ),
    "MALFORMED": (
        "What was sent cannot be read. It was damaged on the way or made by software that does not follow the format; "
        "make it again.",
        "内容无法读取，可能在传输中受损，或所用软件不符合格式。请重新生成。",
    ),
    "NOT_CANONICAL": (
        "What was sent does not have the one form in which it may be written, so its signatures cannot be relied on. "
        "Send it exactly as it was signed.",
        "内容的写法与规定的唯一格式不一致，签名因此不可采信。请按签署时的原样提交。",
    ),
    "WRONG_VERSION": (
        "The transaction was made for another version of the format. Update the software that made it.",
        "交易采用了另一版本的格式。请更新生成它的软件。",
    ),
    "WRONG_CHAIN": (
        "This was signed for another ledger, so it proves nothing here. Check which ledger it was meant for.",
        "这是为另一账本签署的，在此无效。请核对应提交到哪一账本。",
    ),
    "BAD_WINDOW": (
        "The period in which the transaction holds ends before it begins, or is longer than this ledger allows. Sign "
        "it again with a shorter period.",
        "交易有效期的起止颠倒，或超过账本允许的时长。请缩短有效期后重新签署。",
    ),
    "BAD_COUNT": (
        "The number is not allowed: a transaction needs at least one command, a new organisation at least one key, "
        "all different, and there is an upper bound to both. Correct the number.",
        "数量不符：一笔交易至少一项指令，一家新机构至少一把密钥且不得重复，两者均有上限。请调整数量。",
    ),
    "BAD_ROOT": (
        "The commands are not the ones that the parties signed. Something was changed after signing; have it signed "
        "again.",
        "指令与各方所签署的不一致，签署后被改动过。请重新签署。",
    ),
    # Signatures and authority.
    "SIGNATURE_MISSING": (
        "Not everyone named as a signer has signed, or there are none or too many signers. Collect exactly the "
        "signatures that are needed.",
        "列明的签署方未全部签署，或签署方为空、过多。请补齐所需签名。",
    ),
    "DUPLICATE_SIGNER": (
        "The same key is named twice as a signer. One key counts once; name another one.",
        "同一密钥被列为签署方两次。一把密钥只算一次，请换用另一把。",
    ),
    "BAD_SIGNATURE": (
        "A signature does not match what it stands under: the content was changed, or another key signed. Do not rely "
        "on it; ask for a fresh signature.",
        "签名与所签内容不符：内容被改动，或并非该密钥所签。请勿采信，要求对方重新签署。",
    ),
    "NOT_A_SIGNER": (
        "This key is not among those named to sign. Sign with a key that is named, or prepare the transaction again.",
        "该密钥不在列明的签署方之中。请用列明的密钥签署，或重新拟定交易。",
    ),
    "NOT_AUTHORIZED": (
        "A party that must agree has not signed, or its key is not meant for this kind of business. Have that party "
        "sign with a suitable key.",
        "应当同意的一方没有签署，或其密钥无权办理此类业务。请由该方用有相应权限的密钥签署。",
    ),
    "ABOVE_KEY_LIMIT": (
        "The amount is above what this key may sign alone. Have a second authorised key of the same organisation sign "
        "too.",
        "金额超过该密钥的单签限额。请由本机构另一把有权密钥共同签署。",
    ),
    "WRONG_ROLE": (
        "The organisation does not have the role that this needs, for example bank, factor or settlement bank. Turn "
        "to one that has, or ask the members to grant the role.",
        "该机构不具备办理此事所需的角色，例如银行、保理商或清算银行。请改由具备资格的机构办理，或提请成员表决授予。",
    ),
    "NOT_A_MEMBER": (
        "Only a voting member of the network may do this. Ask a member to do it.",
        "只有网络的成员才能办理此事。请由成员机构办理。",
    ),
    "ORGANISATION_SUSPENDED": (
        "This organisation is suspended and can neither sign nor provide finance. It can act again once the members "
        "reinstate it by vote.",
        "该机构已被暂停，不能签署，也不能提供融资。经成员表决恢复后方可办理。",
    ),
    # What several areas share.
    "WRONG_STATUS": (
        "This cannot be done in its present state: it has not come so far yet, or it is closed already. Look up its "
        "state first.",
        "当前状态下不能办理：尚未到这一步，或已经了结。请先查看其状态。",
    ),
    "ALREADY_EXISTS": (
        "The identifier of this new entry is taken, most likely because it was entered before. Look for it before you "
        "enter it again.",
        "新记录的标识已被占用，很可能此前已录入。请先查询，勿重复录入。",
    ),
    "AMOUNT_OUT_OF_RANGE": (
        "The amount is too small, or larger than what is open or allowed here. Give an amount within the bounds.",
        "金额过小，或超出未偿余额或允许的上限。请填写范围内的金额。",
    ),
    "UNKNOWN_CURRENCY": (
        "This ledger does not know the currency. Give a currency that it keeps, by its three capital letters, such as "
        "CNY.",
        "账本不支持该币种。请用三位大写字母填写支持的币种，例如 CNY。",
    ),
    "BAD_TERM": (
        "The time limit is not in the future, is longer than the rules allow, or reaches the due date. Choose an "
        "earlier or later end.",
        "期限不在将来、超过规则允许的最长期限，或已触及到期日。请改选截止时间。",
    ),
    "BAD_DIGEST": (
        "A fixed-length mark that stands for a document, an identifier or a text has the wrong length. It comes from "
        "the software, not from you; report it to its maker.",
        "代表文件、标识或文本的摘要长度不对。这是软件的问题，请告知其提供方。",
    ),
    "BAD_SALT": (
        "The random part of a new identifier has the wrong length. It comes from the software, not from you; report "
        "it to its maker.",
        "新标识所用的随机数长度不对。这是软件的问题，请告知其提供方。",
    ),
}
