"""Organisations, their keys, votes of the members, and business time."""

from __future__ import annotations

from collections.abc import Mapping

PARTIES: Mapping[str, tuple[str, str]] = {
    # Organisations and accounts.
    "ALREADY_ENROLLED": (
        "This firm is enrolled already; a firm has one place in the network. Use the organisation that exists.",
        "该企业已经入网，一家企业只能入网一次。请使用已有的机构。",
    ),
    "UNKNOWN_ORGANISATION": (
        "The ledger has no such organisation. Check the identifier, or have the organisation enrolled first.",
        "账本中没有该机构。请核对标识，或先办理入网。",
    ),
    "UNKNOWN_ACCOUNT": (
        "The ledger has no such account. Check the identifier, or have the account opened first.",
        "账本中没有该账户。请核对标识，或先开立账户。",
    ),
    "ROLE_NEEDS_VOTE": (
        "A registrar alone can enrol suppliers only. Any other role is granted by a vote of the members.",
        "入网登记方只能自行登记供应商。其他角色须经成员表决授予。",
    ),
    "BAD_ROLES": (
        "A role is unknown or named twice. Choose from the list of roles, each once.",
        "角色不存在或重复。请从角色清单中选择，每项一次。",
    ),
    "BAD_USCC": (
        "This is not a valid unified social credit code: its form or its check digit is wrong. Copy it again from the "
        "business licence.",
        "统一社会信用代码的格式或校验位有误。请对照营业执照重新填写。",
    ),
    # The address book of this machine.
    "BAD_NAME": (
        "A name has 1 to 80 characters, without slashes, line breaks or blanks at its ends. Choose another one.",
        "名称应为 1 至 80 个字符，不含斜杠和换行，首尾不留空格。请另取名称。",
    ),
    "NAME_TAKEN": (
        "Another organisation in this address book has this name. Choose one that tells them apart.",
        "地址簿中已有同名机构。请换一个便于区分的名称。",
    ),
    "UNKNOWN_NAME": (
        "Nobody in this address book goes by that name. Look through the list of organisations and check the spelling; "
        "a command that signs takes the exact name only.",
        "地址簿中没有该名称。请查看机构列表并核对写法；签署类命令须写准确全称。",
    ),
    "AMBIGUOUS_NAME": (
        "Several organisations fit this name. Give the full name, or the first digits of the account.",
        "有多家机构符合该名称。请填写全称，或账户标识的前几位。",
    ),
    # Signing keys.
    "UNKNOWN_KEY": (
        "The ledger does not know this key, or it belongs to another organisation. Use a registered key, or have this "
        "one registered first.",
        "账本中没有该密钥，或它不属于该机构。请使用已登记的密钥，或先办理登记。",
    ),
    "KEY_NOT_VALID": (
        "This key does not hold yet, or has been revoked. Sign with a key that is in force.",
        "该密钥尚未生效或已停用。请用有效的密钥签署。",
    ),
    "KEY_EXISTS": (
        "This key is registered already, and a key is registered once only. Make a new one.",
        "该密钥已经登记，一把密钥只能登记一次。请另行生成。",
    ),
    "BAD_KEY": (
        "This is not a usable key: its length or its kind is not the one needed here, or its limit is negative. Make "
        "a new one, or choose the right key.",
        "密钥不可用：长度或类型不符，或限额为负。请重新生成，或选用正确的密钥。",
    ),
    "BAD_POSSESSION": (
        "Whoever registers this key has not shown that it holds it. The new key must sign for its own registration.",
        "未能证明登记方持有该密钥。新密钥须为自身的登记签名。",
    ),
    "BAD_PURPOSES": (
        "A purpose of the key is unknown or named twice. Choose from the list of purposes, each once.",
        "密钥的用途不存在或重复。请从用途清单中选择，每项一次。",
    ),
    "LAST_GOVERNING_KEY": (
        "This is the only key left with which the organisation can add another: without it nobody could ever sign for "
        "it again. Add a governing key first.",
        "这是该机构仅剩的一把管理密钥，停用后将再也无法为它增设密钥。请先增设一把管理密钥。",
    ),
    "KEY_IN_GENESIS": (
        "The genesis file names this very key as the keeper of the simulated clock, so no other can take its place "
        "here. Add the new key beside it, without making this home sign with it.",
        "创世文件指定由这把密钥推进模拟时钟，不能以其他密钥替换。可另行增设，但不要设为本地签署密钥。",
    ),
    "HEIGHT_IN_THE_PAST": (
        "Keys begin and end, and code versions begin, only in a block that is still to come. Choose a later block.",
        "密钥的生效、停用以及代码版本的启用，只能自以后的区块起。请选择更靠后的区块。",
    ),
    "ALREADY_REVOKED": (
        "This key ends at that block or earlier already. Nothing more is needed.",
        "该密钥在此区块或更早已经停用，无需再办。",
    ),
    # Votes of the members.
    "BAD_VERSION": (
        "Code versions follow one another without a gap, and one that holds already cannot be moved. `hefu ledger status` shows "
        "which is the next.",
        "代码版本须逐一递增，已生效的版本不能再调整。用 hefu ledger status 查看当前版本。",
    ),
    "UNKNOWN_PROPOSAL": (
        "The members have no such proposal before them. Check its identifier.",
        "没有这项待表决的提议。请核对其标识。",
    ),
    "ENROLMENT_BEGUN": (
        "An organisation of this name is being enrolled with other roles, membership or code, and the network has not answered "
        "that yet. Repeat it as it was, or take another name.",
        "同名机构已以其他角色、成员身份或代码提出入网，网络尚未答复。请按原样重试，或另取名称。",
    ),
    "VOTES_MISSING": (
        "The change is proposed, but the members of this home alone are too few to adopt it. Let the others vote on the "
        "identifier in the message: hefu org vote PROPOSAL --as MEMBER.",
        "变更已提出，但本地成员的票数不足以通过。请其他成员对提示中的标识表决：hefu org vote PROPOSAL --as 成员。",
    ),
    "VOTE_OVER": (
        "The time for voting on this proposal has run out. Propose it again if it is still wanted.",
        "该提议的表决期已过。如仍需要，请重新提议。",
    ),
    "ALREADY_VOTED": (
        "This member has voted on the proposal; a vote is not changed. Nothing more is needed.",
        "该成员已经表决，表决不能更改，无需再办。",
    ),
    "BAD_STATUS": (
        "The members can only suspend an organisation or make it active again. Choose one of the two.",
        "成员表决只能暂停或恢复一家机构。请择一提议。",
    ),
    "LAST_MEMBER": (
        "The only member left cannot give up its membership, or nobody could decide any more. Admit another member "
        "first.",
        "仅剩的一家成员不能退出，否则无人可以表决。请先接纳其他成员。",
    ),
    # Business time.
    "CLOCK_BACKWARD": (
        "Business time only moves forward. Choose a later moment than the present business time.",
        "业务时间只能向前推进。请选择晚于当前业务时间的时刻。",
    ),
    "CLOCK_NOT_SIMULATED": (
        "This ledger runs on real time, and nobody can move it. Only a ledger that was founded for trials has a clock "
        "to move.",
        "本账本采用真实时间，任何人都不能推进。只有为演练而建的账本才有可推进的时钟。",
    ),
    "CLOCK_TOO_FAR": (
        "This moment lies beyond the last day that a date can name. Choose an earlier one.",
        "该时刻超出日期所能表示的范围。请选择更早的时刻。",
    ),
}
