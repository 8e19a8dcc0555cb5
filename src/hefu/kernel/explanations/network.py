"""A network of nodes: reaching it, running a node of it."""

from __future__ import annotations

from collections.abc import Mapping

NETWORK: Mapping[str, tuple[str, str]] = {
    # Members' programs.
    "NO_NODE_ANSWERS": (
        "None of the network's nodes answers. Check the connection and the addresses, or wait until a node is up again; "
        "then do the same again.",
        "网络中没有节点应答。请检查连接与地址，或待节点恢复后原样重试。",
    ),
    "UNKNOWN_OUTCOME": (
        "The network has not answered yet, and may still carry this out. The transaction is kept: hefu network resume asks again, "
        "and it counts once. The command typed again would be another transaction; only org enrol goes on by itself.",
        "网络尚未答复，该交易仍可能生效。交易已保留，可用 hefu network resume 再次查询，不会重复执行；"
        "若重新输入命令，则为另一笔交易（org enrol 除外，可直接重试）。",
    ),
    "UNKNOWN_TRANSACTION": (
        "The ledger has no answer for this transaction: it is on its way, or was never sent.",
        "账本上没有该交易的答复：可能仍在途中，也可能从未提交。",
    ),
    "UNAUTHENTICATED": (
        "The node answers only programs that show its token. Ask whoever runs the node for it.",
        "节点只应答出示令牌的程序。请向节点运营者索取令牌。",
    ),
    "NODE_ANSWER": (
        "A node gave an answer that does not fit the question. Ask another node, and tell whoever runs this one.",
        "节点的应答与所问不符。请改问其他节点，并告知该节点的运营者。",
    ),
    "NODE_BEHIND": (
        "The nodes that answer have not yet seen what another node showed before. Wait until they have caught up.",
        "应答的节点尚未追上此前所见的区块。请待其追上后再试。",
    ),
    "NODE_BUSY": (
        "The network decides blocks faster than this could be read. Try again.",
        "网络出块过快，读取期间账本已更新。请重试。",
    ),
    "BAD_NUMBER": (
        "A number in the question cannot be read or lies outside its bounds.",
        "请求中的数字无法读取或超出范围。",
    ),
    "READ_ONLY": (
        "A node's store is written by what the network decides, and by nobody else.",
        "节点的存储只由网络的共识结果写入，任何人不得直接写入。",
    ),
    "ON_NODES": (
        "This home's ledger is kept by nodes. Do this on a node's own machine.",
        "本地账本由各节点保存。请在节点所在机器上执行。",
    ),
    # Setting up and running nodes.
    "NO_NETWORK": (
        "This home belongs to no network of nodes. Make one with `hefu network init`.",
        "此文件夹没有多节点网络。请用 hefu network init 新建。",
    ),
    "NO_NODE": (
        "No node lives in this folder.",
        "此文件夹中没有节点。",
    ),
    "UNKNOWN_NODE": (
        "No node of this network has that name.",
        "网络中没有这个名称的节点。",
    ),
    "ENGINE_RUNS": (
        "Another CometBFT runs in this node's folder. Stop it first.",
        "该节点文件夹中已有另一个 CometBFT 在运行。请先停止它。",
    ),
    "APP_DIFFERS": (
        "This node's ledger is not the one that its engine, or the network, has. Stop it and compare versions; if they are equal, "
        "join anew.",
        "该节点的账本与其引擎或网络不一致。请停止节点并比对版本；版本相同则重新加入。",
    ),
    "CONSENSUS_FAILURE": (
        "The node's engine stopped deciding. The node starts it again by itself; its log says why.",
        "节点的引擎停止出块。节点会自动重启它；原因见日志。",
    ),
    "BAD_CONFIG": (
        "The engine's configuration cannot be read. Look at what node.json sets for it.",
        "无法读取引擎的配置。请检查 node.json 中的相关设置。",
    ),
    "TWO_VALIDATORS": (
        "Another process signs with this validator's key. Stop one of the two at once; the evidence stands in the engine's chain.",
        "另有进程使用本验证节点的密钥签名。请立即停止其一；证据已记入引擎的区块链。",
    ),
    "NO_LINKS": (
        "This network was made without forwarders between its nodes, so nothing can cut them apart.",
        "该网络建立时未在节点之间设置转发器，无法将节点隔开。",
    ),
    "UNKNOWN_LINK": (
        "There is no link between nodes of these names.",
        "不存在这些名称的节点之间的链路。",
    ),
    "LINKS_DOWN": (
        "The process that carries the traffic between the nodes of this machine does not answer. `hefu network up` starts it.",
        "承载本机各节点之间流量的进程没有应答。可用 hefu network up 启动。",
    ),
    "TOO_FEW_VALIDATORS": (
        "A network that goes on when one validator fails needs four of them.",
        "要在一个验证节点失效时继续运行，至少需要四个验证节点。",
    ),
    "PORT_TAKEN": (
        "Another program uses a port that this node needs. Stop it, or choose other ports.",
        "节点所需端口已被其他程序占用。请停止该程序，或另选端口。",
    ),
    "SOCKET": (
        "The node cannot make the socket over which its engine speaks to it. Check the folder's rights and the length of its path.",
        "节点无法建立与共识引擎通信的套接字。请检查文件夹权限与路径长度。",
    ),
    "NODE_NOT_HERE": (
        "The folder of a node that this home names is not there. A backup of a home holds keys and names, and no nodes: put "
        "operator, organisations and names.json back into the home itself.",
        "本目录所列节点的文件夹不存在。home 的备份只含密钥与名称，不含节点："
        "请将 operator、organisations 与 names.json 放回原 home。",
    ),
    "HANDED_OVER": (
        "Validators decide the blocks of this ledger now. The operator's copy can be read; transactions go to a validator's node.",
        "本账本已由验证节点共同记账。运营方的副本仍可查阅，交易请提交至验证节点。",
    ),
    "NO_SNAPSHOT_YET": (
        "This ledger began with one operator, so a node can join it only by a snapshot, and the node asked has none yet. "
        "Ask another, or join after its next snapshot.",
        "本账本由单一运营方的试点而来，新节点只能由快照加入，而所询节点尚无快照。请询问其他节点，或待其生成快照后再加入。",
    ),
    "LEDGER_TOO_OLD": (
        "The code version of this ledger does not know this. Have the members adopt the next one: `hefu ledger upgrade`.",
        "本账本当前的代码版本不支持此操作。请先由成员表决升级：hefu ledger upgrade。",
    ),
    "TOO_FEW_SIGNED": (
        "An outsider believes a handover only if enough founding members countersigned the operator's last block. Their keys must "
        "lie in this home.",
        "移交须有足够的创始成员会签运营方的最后一个区块，外部方才会采信。请备齐会签密钥。",
    ),
    "NODES_TOO_OLD": (
        "Nodes of the network run software that does not know this code version, or do not answer: at that block they would stop. "
        "Install the release on all of them first.",
        "部分节点的软件不支持该代码版本，或无应答，届时将停止运行。请先在全部节点上安装新版本。",
    ),
    "NO_COMETBFT": (
        "The consensus engine is not installed. `make cometbft` installs it.",
        "未安装共识引擎。请执行 make cometbft 安装。",
    ),
    "NODE_DOWN": (
        "A node did not come up. Its own words say why; see its log.",
        "节点未能启动。原因见其最后的输出与日志。",
    ),
    "NODE_FAILED": (
        "The node stopped after an unexpected fault. Nothing that was acknowledged is lost; look into its log and start it again.",
        "节点因意外故障停止。已答复的交易不会丢失；请查看日志后重新启动。",
    ),
    "ENGINE_UNREACHABLE": (
        "The node's consensus engine does not answer. The node starts it again by itself; its log says why it ended.",
        "节点的共识引擎没有应答。节点会自动重启它；原因见日志。",
    ),
    "ENGINE_REFUSED": (
        "The consensus engine refused what the node asked of it; its words say why.",
        "共识引擎拒绝了节点的请求，原因见其说明。",
    ),
    "PARCEL_REFUSED": (
        "The network refused a parcel of transactions. Each of them is sent again by itself.",
        "网络拒绝了一批交易。其中各笔会自动重新提交。",
    ),
    "EMPTY_PARCEL": (
        "A parcel without a transaction is no parcel.",
        "空的交易包不予受理。",
    ),
    "NO_VALIDATORS": (
        "This ledger's genesis names no validators: one operator seals its blocks, and it needs no network.",
        "该账本的创世文件未列验证节点：区块由一家运营方签封，不需要多节点网络。",
    ),
    "BAD_POWER": (
        "Voting power is a number from 0, which takes the validator out, to 1,000,000.",
        "表决权为 0 至 1,000,000 的整数，0 表示移出验证节点。",
    ),
    "UNKNOWN_VALIDATOR": (
        "No validator of this network has this key. `hefu network status` lists them.",
        "本网络没有使用该密钥的验证节点，可用 hefu network status 查看。",
    ),
    "LAST_VALIDATOR": (
        "Without its last validator a network could decide nothing any more. Add another first.",
        "移出最后一个验证节点后网络将无法出块，请先增加其他验证节点。",
    ),
    "TOO_MANY_VALIDATORS": (
        "This network has as many validators as it can. Take one out first; other nodes may follow without voting.",
        "验证节点数已达上限。请先移出一个；其他节点可作为非验证节点同步账本。",
    ),
    "VALIDATOR_EXISTS": (
        "This bank runs a validator already. To change its key, take the old one out first.",
        "该银行已有验证节点。如需更换密钥，请先移出旧节点。",
    ),
    "UNKNOWN_HOST": (
        "This address cannot be found. Give a name or address under which the other nodes reach this one.",
        "无法解析该地址。请填写其他节点可以连接的主机名或 IP 地址。",
    ),
    "OTHER_ORGANISATION": (
        "This request was made for another organisation. Ask its own for one.",
        "该申请属于另一机构，请向本机构索取。",
    ),
    "OTHER_VALIDATORS": (
        "The node was set up with other validators than the ledger names. Set it up anew with the keys that were named.",
        "节点所设验证节点与账本所载不一致。请按同一创世文件、以所载密钥重新设置节点。",
    ),
    "ENGINE_BEHIND": (
        "The consensus engine has lost its blocks while the ledger still has its own. Restore both from one backup, or join anew.",
        "共识引擎的区块丢失，而账本仍在。请用同一份备份恢复两者，或重新加入网络。",
    ),
    "ENGINE_HEIGHT": (
        "The consensus engine sent a block that is not the next. Ledger and engine are of different moments; restore both from one "
        "backup.",
        "共识引擎送来的区块不是下一个。账本与引擎的时点不一致，请用同一份备份恢复两者。",
    ),
    "NOTHING_TO_COMMIT": (
        "The consensus engine asked to keep a block that it had not sent.",
        "共识引擎要求保存一个未曾送来的区块。",
    ),
}
