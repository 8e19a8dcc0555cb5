"""Letters between organisations: writing, carrying, reading, receipts."""

from __future__ import annotations

from collections.abc import Mapping

LETTERS: Mapping[str, tuple[str, str]] = {
    # On the ledger.
    "BAD_ADDRESS": (
        "An address is http or https, a host and perhaps a port, for example https://node.example; a node dials only https, "
        "and never its own machine for another's.",
        "地址应为 http 或 https 加主机名，可带端口，如 https://node.example；节点只连接 https 地址，且不会替他人连接本机。",
    ),
    "BAD_SUBJECT": (
        "That letters arrived is attested by an organisation about itself alone.",
        "信件已收到只能由机构就自身出具证明。",
    ),
    # Writing.
    "NO_CONTACT": (
        "The receiver has not said on the ledger where its letters go. It does so with `hefu letter contact`.",
        "收信机构尚未在账本上登记收信方式。请其执行 hefu letter contact。",
    ),
    "BAD_LETTER": (
        "A letter carries one offer, opened terms, a document, a bundle or a receipt, under a plain name, for 1 to 30 days.",
        "信件可载报价、条款、文件、证据包或回执之一，名称须为普通文字，投递期为 1 至 30 天。",
    ),
    "MLKEM_UNAVAILABLE": (
        "This machine's cryptographic library has no ML-KEM, so letters can be neither sealed nor opened. Install "
        "the project's own requirements.",
        "本机密码库缺少 ML-KEM，无法加密或解开信件。请按项目要求安装依赖。",
    ),
    "TERMS_DIFFER": (
        "The terms in this letter are not those that the ledger is committed to. Ask the sender.",
        "信中条款与账本承诺不符。请向发信方核实。",
    ),
    # On their way.
    "CONTACT_CHANGED": (
        "The letter is sealed to a key that its receiver has replaced. Send it again: it will be sealed to the new one.",
        "信件所用密钥已被收信方更换。请重新发送，将改用新密钥加密。",
    ),
    "LETTER_EXPIRED": (
        "The letter's time is over, or begins later by this machine's clock. Check the clock, or send it again.",
        "信件已过投递期，或按本机时钟尚未开始。请校准时钟或重新发送。",
    ),
    "LETTER_DIFFERS": (
        "Another letter with this identifier was taken before. Write it anew.",
        "已收过标识相同而内容不同的信件。请重新撰写。",
    ),
    "FOREIGN_LETTER": (
        "The letter is signed with a key of another organisation than it names as its sender.",
        "信件的签名密钥不属于其所称的发信机构。",
    ),
    "OTHER_DOOR": (
        "This node takes no letters for that organisation. Its contact on the ledger names another node.",
        "本节点不代收该机构的信件；其在账本上登记的是另一节点。",
    ),
    "LETTER_QUOTA": (
        "As many letters of this sender lie here unread, or came within an hour, as one may leave. They are tried again later.",
        "该发信方在此未读的信件或一小时内的来信已达上限，稍后会自动重试。",
    ),
    "TOO_SLOW": (
        "The letter was handed in too slowly, and was not taken. It is tried again.",
        "信件递交过慢，未予接收，稍后会自动重试。",
    ),
    "DOOR_SILENT": (
        "The receiver's node does not answer. The letter waits at the own node and is tried again until its time is over.",
        "收信方节点没有应答。信件在本方节点等候，投递期内会不断重试。",
    ),
    "NO_ADDRESS": (
        "The receiver tells the address of its node by hand. Whoever runs the own node puts it into `doors` of node.json.",
        "收信方未公开节点地址，须另行告知；请本方节点运营者写入 node.json 的 doors。",
    ),
    "UNKNOWN_LETTER": (
        "There is no such letter here, or several begin so.",
        "此处没有该信件，或有多封信件以此开头。",
    ),
    "LETTERS_DAMAGED": (
        "The node's book of letters is damaged, or gives other bytes than it took. Move letters.db aside and start again: senders "
        "have what has not arrived, and receivers what they have read.",
        "节点的信件簿已损坏，或其内容与接收时不符。请移开 letters.db 后重启：未送达的信件发信方仍有，已阅的收信方仍有。",
    ),
    # Reading.
    "LETTER_SEAL": (
        "The letter does not open: it was altered, or made for another. Ask the sender to send it again.",
        "信件无法解开：内容被改动，或并非写给本机构。请发信方重新发送。",
    ),
    "NO_LETTER_KEY": (
        "This home lacks the key that the letter is sealed to. Bring its file back from a backup; the letter stays at the node.",
        "本地没有该信件所用的密钥。请从备份中恢复密钥文件，信件仍留在节点。",
    ),
    # Receipts.
    "NO_RECEIPT": (
        "The receiver has not read this letter yet, or its receipt has not come back.",
        "收信方尚未阅读此信，或回执尚未返回。",
    ),
    "BAD_RECEIPT": (
        "The receipt is of another letter or content, or not under what its signer put on the ledger. It proves nothing.",
        "回执与该信件或内容不符，或不在签署方的上账摘要之下，不能作为证明。",
    ),
}
