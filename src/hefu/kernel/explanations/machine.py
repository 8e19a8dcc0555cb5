"""Key files, passphrases, this machine, and errors that have no closer name."""

from __future__ import annotations

from collections.abc import Mapping

MACHINE: Mapping[str, tuple[str, str]] = {
    # Key files and vaults.
    "KEYFILE_MISSING": (
        "The key file or vault is not there. Check the path, or restore it from a backup.",
        "密钥文件或保险库不存在。请检查路径，或由备份恢复。",
    ),
    "KEYFILE_EXISTS": (
        "A file of that name exists and is left as it is, for a key that is overwritten is lost. Choose another name.",
        "已有同名文件，未作改动；密钥一经覆盖便无法找回。请换一个名称。",
    ),
    "KEYFILE_DAMAGED": (
        "The key file or vault is damaged, altered or of another version. Restore it from a backup.",
        "密钥文件或保险库已损坏、被改动或版本不符。请由备份恢复。",
    ),
    "WRONG_PASSPHRASE": (
        "The passphrase is wrong. Try again; without it the keys cannot be recovered.",
        "口令不正确，请重试。没有口令，密钥无法找回。",
    ),
    "EMPTY_PASSPHRASE": (
        "A passphrase is needed. Enter one, or put it into HEFU_PASSPHRASE where there is no terminal.",
        "需要口令。请输入；没有终端时请设置环境变量 HEFU_PASSPHRASE。",
    ),
    "WRONG_PURPOSE": (
        "This key file was made for another purpose. Choose the file that is meant for this one.",
        "该密钥文件另有用途。请选用与本用途相符的文件。",
    ),
    "WRONG_SUITE": (
        "This key belongs to another kind of signature than this ledger uses. Choose a key that was made for this "
        "ledger.",
        "密钥的签名算法与本账本不同。请选用为本账本生成的密钥。",
    ),
    "KEY_NOT_SET": (
        "The environment variable that should hold the key is not set. Set it, or use a key file.",
        "应存放密钥的环境变量没有设置。请设置，或改用密钥文件。",
    ),
    "BAD_COST": (
        "The strength of the passphrase's protection is not a value that can be used. Leave it at its default.",
        "口令保护强度的取值无效。请使用默认值。",
    ),
    # This machine.
    "SM2_UNAVAILABLE": (
        "This machine lacks SM2 signatures. Install OpenSSL 3 with SM2, or choose Ed25519 for a new ledger.",
        "本机不支持 SM2 签名。请安装带 SM2 的 OpenSSL 3，或新建账本时改用 Ed25519。",
    ),
    "SM3_UNAVAILABLE": (
        "This machine lacks the SM3 hash. Use a Python whose OpenSSL has SM3, or choose Ed25519 for a new ledger.",
        "本机不支持 SM3 杂凑。请使用其 OpenSSL 带 SM3 的 Python，或新建账本时改用 Ed25519。",
    ),
    "MLDSA_UNAVAILABLE": (
        "This machine lacks the ML-DSA-65 signatures that checkpoints need. Install a newer cryptography package.",
        "本机不支持检查点所需的 ML-DSA-65 签名。请安装较新版本的 cryptography 软件包。",
    ),
    "NO_DRIVER": (
        "The driver for the PostgreSQL database is not installed. Install hefu with its postgres extra, or use SQLite.",
        "未安装 PostgreSQL 数据库驱动。请安装 hefu 的 postgres 附加组件，或改用 SQLite。",
    ),
    "UNAVAILABLE": (
        "This machine lacks a part that is needed; the message says which. Install it and run the command again.",
        "本机缺少所需组件，详见提示。请安装后重新运行。",
    ),
    # What one types.
    "USAGE": (
        "The request cannot be carried out as written; the message says why. Correct it and try again.",
        "请求的写法有误，原因见提示。请更正后重试。",
    ),
    "BAD_IDENTIFIER": (
        "An identifier is written with the digits 0-9 and the letters a-f; give at least its first four. Copy it from "
        "a list or a receipt.",
        "标识由数字 0-9 和字母 a-f 组成，至少给出前四位。请从列表或回执中复制。",
    ),
    "AMBIGUOUS_IDENTIFIER": (
        "Several identifiers begin like this. Give more digits.",
        "有多个标识以此开头。请多给几位。",
    ),
    "UNKNOWN_IDENTIFIER": (
        "Nothing on this ledger has that identifier. Check its digits.",
        "账本中没有该标识。请核对。",
    ),
    "ABORTED": (
        "Stopped at your request. What the ledger had answered by then stands; look before you repeat it.",
        "已按要求中止。此前账本已答复的部分有效，重做前请先查看。",
    ),
    # Where no closer code fits.
    "REJECTED": (
        "A rule refused this, and nothing was changed. The message says which rule.",
        "被规则拒绝，未作任何改动。具体规则见提示。",
    ),
    "CORRUPT": (
        "Stored or received data contradicts itself or cannot be read. Stop, keep it as it is, and restore from a "
        "backup.",
        "所存或收到的数据自相矛盾或无法读取。请停止操作，保留现状，并由备份恢复。",
    ),
    "ENGINE": (
        "It is not known to be done, and it was not refused. Send the same transaction again; it will not be carried "
        "out twice.",
        "尚未确认完成，也未被拒绝。请原样重新提交，不会重复执行。",
    ),
    "BUSY": (
        "Too much is waiting, or another program is using the same file. Wait a little and do the same again.",
        "排队过多，或同一文件正被其他程序使用。请稍候原样重试。",
    ),
    "CLOSED": (
        "The ledger or vault is closed, or another program holds it. Stop that program or open it again, then do the "
        "same again.",
        "账本或保险库已关闭，或被其他程序占用。请停止该程序或重新打开，再原样重试。",
    ),
    "NO_FOLDER": (
        "The folder for this file does not exist. Make it first, or write elsewhere.",
        "存放该文件的文件夹不存在。请先建立，或改写到别处。",
    ),
    "ALREADY_RUNNING": (
        "The process that keeps the SQL views runs already. Stop it before you start another one.",
        "维护 SQL 视图的进程已在运行。请先停止它，再另行启动。",
    ),
    "NO_READ_MODELS": (
        "This database holds no SQL views of the ledger yet. Make them with the command views rebuild.",
        "该数据库中尚无账本的 SQL 视图。请运行 views rebuild 建立。",
    ),
    "READ_MODELS_DIED": (
        "The process that keeps the SQL views ended unexpectedly. The ledger is not affected; start it again and it resumes.",
        "维护 SQL 视图的进程意外退出。账本不受影响，重新启动后会接着进行。",
    ),
    "READ_MODELS_SOURCE": (
        "A block for the SQL views could not be read from the ledger. Check the ledger with the command ledger verify.",
        "无法从账本读取供 SQL 视图使用的区块。请用 ledger verify 核验账本。",
    ),
    "ERROR": (
        "Something went wrong that has no closer name. Please report it with the message.",
        "发生了未归类的错误。请连同提示一并反馈。",
    ),
}
