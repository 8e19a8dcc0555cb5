"""The ledger's own files: blocks, proofs, checkpoints, copies, and the SQL views."""

from __future__ import annotations

from collections.abc import Mapping

LEDGER: Mapping[str, tuple[str, str]] = {
    # Opening a ledger.
    "NO_LEDGER": (
        "There is no ledger here. Check the folder, or found a new ledger.",
        "此处没有账本。请检查文件夹，或新建账本。",
    ),
    "HOME_EXISTS": (
        "There is something in that place already, and it is left as it is. Choose an empty folder.",
        "该处已有内容，未作改动。请另选空文件夹。",
    ),
    "FILE_EXISTS": (
        "A file or folder of that name exists and is left as it is. Choose another name.",
        "已有同名文件或文件夹，未作改动。请换一个名称。",
    ),
    "BAD_GENESIS": (
        "The genesis file cannot be read, or its parts contradict each other. Ask the operator for the original.",
        "创世文件无法读取，或内容自相矛盾。请向运营方索取原件。",
    ),
    "CODE_TOO_OLD": (
        "The members adopted a code version for this block that this software does not know. It stops here, for it could decide "
        "otherwise than the others; nothing is lost. Install a newer release and start again.",
        "成员为该区块通过的代码版本，本软件不支持。为避免与其他节点结果不一致，软件在此停止，数据不会丢失。请安装新版本后重新启动。",
    ),
    "OTHER_GENESIS": (
        "This belongs to another ledger than the genesis file that you trust. Check both before you rely on anything "
        "in it.",
        "这属于另一账本，与你所信任的创世文件不符。采信之前请核对两者。",
    ),
    "STORE_FORMAT": (
        "The ledger's files are of a version that this software does not read. Use the version that made them.",
        "账本文件的版本与本软件不符。请使用当初生成它的版本。",
    ),
    "WRONG_SEAL_KEY": (
        "This is not the key that seals the blocks of this ledger. Give the operator's sealing key.",
        "这不是本账本的区块签章密钥。请使用运营方的签章密钥。",
    ),
    "UNKNOWN_BLOCK": (
        "There is no such block here: it is still to come, or this copy begins later. Choose another block number.",
        "此处没有该区块：尚未产生，或本副本自更晚的区块开始。请换一个区块号。",
    ),
    "NOT_ARCHIVED": (
        "This machine began from a snapshot or keeps no records that old, so it cannot show or recompute what came before. "
        "Ask a machine that keeps all blocks, or import its export.",
        "本机由快照恢复，或未保留这么早的记录，无法查看或重算此前的内容。请向保存全部区块的节点索取，或导入其导出文件。",
    ),
    # Running.
    "DISK": (
        "The disk could not store the block: it is full or failing. Make room, then send the same transaction again.",
        "磁盘未能保存区块，可能已满或发生故障。请处理后原样重新提交。",
    ),
    "DISK_FULL": (
        "The disk has no room left. Make room, and start again what stopped; nothing that was acknowledged is lost.",
        "磁盘空间已满。请腾出空间后重新启动；已答复的交易不会丢失。",
    ),
    "ENGINE_STOPPED": (
        "The ledger stopped after an unexpected fault, and nothing more is accepted. Start it again, then send the "
        "same transaction again.",
        "账本因意外故障停止，不再受理。请重新启动后原样重新提交。",
    ),
    # Checking: the copy at hand is not what it should be. Stop and keep it as evidence.
    "BLOCK_MISSING": (
        "A block of this ledger is missing. Do not rely on this copy; obtain a whole one.",
        "账本缺少一个区块。请勿采信该副本，另取完整副本。",
    ),
    "BLOCK_DIFFERS": (
        "The contents of a block do not lead to its heading: one of them was altered. Do not rely on this copy; keep "
        "it and inform the members.",
        "区块内容与区块头不符，其中之一被改动。请勿采信，保留该副本并通知各成员。",
    ),
    "NOT_NEXT": (
        "A block does not follow the one before it: one is missing, or they are of different histories. Obtain a "
        "whole copy.",
        "区块与前一区块不衔接：有缺失，或来自不同的历史。请另取完整副本。",
    ),
    "NO_TIP": (
        "The newest block cannot be found in this copy. Obtain a whole one.",
        "副本中找不到最新区块。请另取完整副本。",
    ),
    "BAD_SEAL": (
        "A block does not carry the operator's seal. Do not rely on it; ask the operator and another member for their "
        "copies.",
        "区块没有运营方的有效签章。请勿采信，向运营方及其他成员索取副本核对。",
    ),
    "RESULTS_DIFFER": (
        "The answers stored with a block are not those that its transactions lead to. They were altered; do not rely "
        "on this copy.",
        "区块所存的答复与其交易应得的结果不符，已被改动。请勿采信该副本。",
    ),
    "STATE_DIFFERS": (
        "A stored record is not what the transactions lead to. It was altered or damaged; do not rely on this copy.",
        "所存记录与交易应得的结果不符，被改动或已损坏。请勿采信该副本。",
    ),
    "STATE_ROOT": (
        "The stored records as a whole do not match the seal of the newest block. They were altered or damaged; "
        "restore from a backup.",
        "所存记录整体与最新区块的签章不符，被改动或已损坏。请由备份恢复。",
    ),
    "BAD_PROOF": (
        "The proof does not lead to the sealed state of the ledger, so it proves nothing. Ask for a new one.",
        "所附状态证明与账本签章的状态不符，不能作为依据。请重新索取。",
    ),
    # Checkpoints.
    "WRONG_CHECKPOINT_KEY": (
        "This is not the operator's key for checkpoints of this ledger. Give the one that the genesis file names.",
        "这不是本账本的检查点密钥。请使用创世文件所载的密钥。",
    ),
    "CHECKPOINT_BLOCK": (
        "The checkpoint speaks of another block than the one shown with it. Do not countersign; ask the operator for "
        "both again.",
        "检查点与所附区块不符。请勿会签，要求运营方重新提供。",
    ),
    "CONSISTENCY_MISSING": (
        "It is not shown that this history contains the checkpoint that was signed last. Do not countersign until the "
        "operator gives that proof.",
        "未能证明现有历史包含上次所签的检查点。在运营方补交证明之前请勿会签。",
    ),
    "HISTORY_REWRITTEN": (
        "This history does not contain what was vouched for before: it has been rewritten. Do not sign; keep both "
        "copies and inform the members.",
        "现有历史不包含此前已签认的内容，历史被改写。请勿签署，保留两份副本并通知各成员。",
    ),
    # Copies.
    "NOT_AN_EXPORT": (
        "This file is not an exported ledger. Choose the file that the export made.",
        "这不是账本导出文件。请选择导出所生成的文件。",
    ),
    "CUT_OFF": (
        "A part of the copy is missing or cut off. Copy or export it again.",
        "副本有一部分缺失或被截断。请重新复制或导出。",
    ),
    "TRAILING_BYTES": (
        "There is something behind the end of the export that does not belong to it. Copy or export it again.",
        "导出文件结尾之后还有多余内容。请重新复制或导出。",
    ),
    "NO_SNAPSHOT": (
        "There is no snapshot in this folder. Check the folder.",
        "该文件夹中没有快照。请检查文件夹。",
    ),
    "CHUNK_DIFFERS": (
        "A part of the snapshot is not the one that its list names. Copy the snapshot again from a source you trust.",
        "快照的一部分与其清单不符。请从可信来源重新复制快照。",
    ),
    # Views: they can always be made again from the ledger.
    "READ_MODELS_SCHEMA": (
        "The views of the ledger were made by another version of the software. Have them rebuilt; the ledger is not "
        "affected.",
        "查询视图由另一版本的软件生成。请重建查询视图，账本不受影响。",
    ),
    "READ_MODELS_TAKEN": (
        "Another program is writing the views of the ledger at the same time. Stop one of the two.",
        "另有程序正在写入查询视图。请停止其中一个。",
    ),
    "READ_MODELS_DATABASE": (
        "The database with the views of the ledger did not answer: it is locked, full or out of reach. Put that right "
        "and run it again.",
        "查询数据库没有响应：被锁定、已满或无法连接。请排除后重试。",
    ),
    "OTHER_LEDGER": (
        "The views of the ledger belong to another ledger. Name another database, or have them rebuilt.",
        "查询视图属于另一账本。请指定其他数据库，或予以重建。",
    ),
    "OTHER_HISTORY": (
        "The views of the ledger show another history than the ledger. Have them rebuilt, and find out whether the "
        "ledger was replaced.",
        "查询视图与账本的历史不一致。请重建，并查明账本是否被替换。",
    ),
    "WRONG_ORDER": (
        "Blocks reached the views of the ledger out of order. Run it again; if it recurs, have the views rebuilt.",
        "区块未按顺序送达查询视图。请重试；如再次出现，请重建。",
    ),
    "BAD_BLOCK": (
        "A block does not have as many answers as transactions. Check the ledger before you rely on it.",
        "区块的答复数与交易数不等。采信之前请先核验账本。",
    ),
    "REPLAY_DIFFERS": (
        "The rules lead to another outcome than the ledger records. The software is of another version, or the ledger "
        "was altered; check the ledger.",
        "按规则重算的结果与账本记录不符：软件版本不同，或账本被改动。请核验账本。",
    ),
}
