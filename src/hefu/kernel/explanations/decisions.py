"""Policies, decisions on firms, allocations of a budget, and the files that replay."""

from __future__ import annotations

from collections.abc import Mapping

DECISIONS: Mapping[str, tuple[str, str]] = {
    # What people write: policies, applications, tables of firms.
    "BAD_POLICY": (
        "The policy's file is no TOML in UTF-8. The message tells the line; correct it and try again.",
        "信贷政策文件不是 UTF-8 编码的 TOML，出错行见提示。请更正后重试。",
    ),
    "BAD_APPLICATION": (
        "The application is neither TOML nor JSON in UTF-8. Correct the file and try again.",
        "申请文件既不是 TOML 也不是 JSON（均须 UTF-8 编码）。请更正后重试。",
    ),
    "BAD_FIELD": (
        "A field has the wrong type, lies out of its range, or contradicts another. The message names the field and says what is "
        "expected there.",
        "字段类型不对、超出范围或与其他字段矛盾，字段与要求见提示。",
    ),
    "MISSING_FIELD": (
        "A field that is needed is not there. The message names it; add it.",
        "缺少必需的字段，字段名见提示。请补上。",
    ),
    "NO_SUCH_FIELD": (
        "A field is named that does not exist: misspelt, or from another version. The message tells which; look it up in the "
        "reference.",
        "所写字段不存在，可能是拼写有误或版本不同，字段名见提示。请查阅参考文档。",
    ),
    "NO_SUCH_RULE": (
        "The policy has no steering rule of this name with a cap. Write it as the policy does.",
        "信贷政策中没有此名称的、设有上限的引导规则。请按政策文件中的名称填写。",
    ),
    "NOT_A_FEATURE": (
        "The model was made from another table than these features, so the store cannot give what it reads. Give the firm's record "
        "with --record, or fit a model to what `hefu credit features --outcomes` writes.",
        "该模型并非由本系统的特征训练，数据源库无法提供其所需字段。请用 --record 给出特征记录，"
        "或以 hefu credit features --outcomes 的输出训练模型。",
    ),
    "FIELD_UNIT": (
        "The model counts a field in another unit than the feature of that name, yuan for fen perhaps. Keep the digits that "
        "`hefu credit schema` proposes, and fit again.",
        "模型中某字段的单位与同名特征不一致（例如以元代分）。请保留 hefu credit schema 给出的 digits 后重新训练。",
    ),
    "BAD_SHARE": (
        "This is no percentage such as 4.35%, or is finer than 0.0001 %. Write it as text with the percent sign.",
        "这不是形如 4.35% 的百分数，或精度超过 0.0001%。请写成带百分号的文本。",
    ),
    "BAD_CHURN": (
        "The table of churn cannot be used: a header that names the classes, then rising rates with a part of one for each class. "
        "The message names the row.",
        "流失率表无法使用：应先有写明类别的表头，其后每行为递增的利率及各类别的流失率（0至1）。出错行见提示。",
    ),
    "CHURN_NOT_GIVEN": (
        "The policy leaves it to a table who turns an offer down at which rate. Name that table with --churn.",
        "该政策的客户流失率须由外部表格给出。请用 --churn 指定该表。",
    ),
    "BAD_FIRMS": (
        "The table of firms cannot be read: CSV in UTF-8 with firm and default_ppm, or default. The message names the row.",
        "企业表无法读取：应为 UTF-8 编码的 CSV，含 firm 与 default_ppm（或 default）列。出错行见提示。",
    ),
    "FIRM_TWICE": (
        "Two rows are about the same firm, so nobody can tell which one counts. Leave one of them out.",
        "同一家企业出现两次，无法判断以哪行为准。请只保留一行。",
    ),
    "NO_FILE": ("There is no file of this name. Check the name and the folder.", "没有该文件。请核对文件名与路径。"),
    # Deciding.
    "POLICY_NOT_IN_FORCE": (
        "The policy begins later, or has ended, on the date of the decision. Use the one that is in force on that date.",
        "在决策日期，该政策尚未生效或已失效。请使用当日有效的政策。",
    ),
    "RECORD_FROM_FUTURE": (
        "The record holds what became known after the decision. Compute it as of the day of the decision, or before.",
        "特征记录包含决策之后才获知的数据。请以决策当日或更早的日期重新计算。",
    ),
    "NO_DATA_FACILITY": (
        "An allocation lends on the firms' data, and this policy does not offer that. Add facilities.data.",
        "额度分配以数据信用贷款为对象，而该政策未提供此品种。请加入 facilities.data。",
    ),
    "NO_SOLVER": (
        "An allocation needs a solver that is not installed: install the extra `allocation`. Deciding and replaying need none.",
        "额度分配所需的求解器未安装。请安装可选组件 allocation；单户决策与重放无需求解器。",
    ),
    "ALLOCATION_NOT_FOUND": (
        "The solver found no allocation that keeps to all rules. Look at the policy's floors first: they may ask for too much.",
        "求解器未找到满足全部规则的方案。请先检查政策中的下限要求是否过高。",
    ),
    "ALLOCATION_INFEASIBLE": (
        "The offers break a bound that the message names: an amount, a rate, the budget, a cap or a floor.",
        "方案突破了提示中所列的界限：金额、利率、总额、上限或下限。",
    ),
    # Replaying.
    "NOT_A_DECISION": (
        "The file is not that of a decision, or was damaged. Obtain it again from whoever decided.",
        "文件不是决策文件，或已损坏。请向作出决策的机构重新索取。",
    ),
    "NOT_AN_ALLOCATION": (
        "The file is not that of an allocation, or was damaged. Obtain it again from whoever decided.",
        "文件不是额度分配文件，或已损坏。请向作出决策的机构重新索取。",
    ),
    "DECISION_NOT_CANONICAL": (
        "The bytes are not in the one form that a decision has: the file was edited or saved anew. Use the file as it was written.",
        "字节形式与决策文件的唯一写法不符，文件可能被编辑或另存过。请使用原始文件。",
    ),
    "DECISION_DIFFERS": (
        "What comes of the file's own inputs is not what stands in it: the file was altered. The message names the first part that "
        "differs. Do not rely on it.",
        "由文件所载输入重新计算的结果与文件不一致，文件已被改动，首个不一致之处见提示。不可采信。",
    ),
    "DECISION_VERSION": (
        "The decision was made by an arithmetic that this program does not know. Use a later version of the program.",
        "该决策所用的算法版本本程序不认识。请使用更新版本的程序。",
    ),
    "OTHER_DECISION": (
        "The file is consistent, but is not the decision that the digest names. Check which decision was meant.",
        "文件本身前后一致，但不是该摘要所指的决策。请核对所指的是哪一份决策。",
    ),
    "MODEL_NOT_GIVEN": (
        "The decision keeps only the digest of its model. Name the model's file with --model.",
        "决策文件只保留了模型摘要。请用 --model 指定模型文件。",
    ),
    "OTHER_MODEL": (
        "The model given is not the one that decided. Look for the file with the digest that the decision names.",
        "所给模型不是当时决策所用的模型。请找到与决策所载摘要一致的模型文件。",
    ),
}
