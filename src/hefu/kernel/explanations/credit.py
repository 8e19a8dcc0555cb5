"""Sources of firms, their features, and what stops either."""

from __future__ import annotations

from collections.abc import Mapping

CREDIT: Mapping[str, tuple[str, str]] = {
    # Rows, refused: correct them and import again.
    "MISSING_VALUE": (
        "A cell that must be filled is empty; the message names the field. Fill it in and import again.",
        "必填单元格为空，字段见提示。请补填后重新导入。",
    ),
    "UNKNOWN_WORD": (
        "The cell has a word that this field does not know. Use one of the words listed in the reference of sources.",
        "单元格中的用词不在该字段的可选词之内。请改用数据源说明中列出的用词。",
    ),
    "NOT_A_NUMBER": (
        "The cell is not a plain number. Write digits with a decimal point, such as 12000.5, without a unit or an exponent.",
        "单元格不是普通数字。请只写数字与小数点，例如 12000.5，不带单位，也不用科学计数法。",
    ),
    "NUMBER_TOO_LARGE": (
        "The number is larger than any that this field can hold. Check the unit in the header and the decimal point.",
        "数值超出该字段的上限。请检查表头所写单位与小数点。",
    ),
    "NEGATIVE": (
        "The number is negative where nothing can be less than zero. Check the sign, or whether columns were mixed up.",
        "该数值不可能小于零。请检查正负号，以及是否错列。",
    ),
    "PERIOD_BACKWARDS": (
        "The period ends before it begins. Check whether the two dates were exchanged.",
        "期间的截止日期早于起始日期。请检查两个日期是否颠倒。",
    ),
    "PERIOD_TOO_LONG": (
        "The period is longer than 366 days. Give it in shorter parts, or correct the dates.",
        "期间超过 366 天。请分段填写，或更正日期。",
    ),
    "KNOWN_TOO_EARLY": (
        "The row is said to have been known, or filed, before the day that it is about was over. Check the dates.",
        "获知或申报日期早于所属日期或所属期末。请核对日期。",
    ),
    "RUN_OVER_AVAILABLE": (
        "The equipment ran longer than it was available. Check whether one of the two is in hours and the other in minutes.",
        "运行工时大于可用工时。请检查两者是否一个为小时、一个为分钟。",
    ),
    # Files and commands.
    "UNKNOWN_SOURCE": (
        "There is no source of this name. Choose one of those that the message lists.",
        "没有这种数据源。请从提示所列各项中选择。",
    ),
    "UNKNOWN_UNIT": (
        "The header of a quantity does not say its unit. Rename it to one of the headers that the message lists.",
        "数量列的表头未注明单位，可用的表头见提示。请改名后重新导入。",
    ),
    "BAD_COLUMN": (
        "A column was named for a field that this source does not have, or not in the form FIELD=HEADER. The message tells which.",
        "所指明的列对应的字段不存在，或未写成“字段=表头”的形式，详见提示。",
    ),
    "NO_STORE": (
        "No source has been imported here yet. Import one first, or name the store.",
        "此处尚未导入任何数据源。请先导入，或指明库文件。",
    ),
    "NOT_A_STORE": (
        "The file is no store of sources, or one of another version. Name another file, or import the sources anew.",
        "该文件不是数据源库，或版本不符。请指明其他文件，或重新导入数据。",
    ),
    "STORE_BUSY": (
        "Another process is working with this store. Wait for it and run the command again.",
        "另一进程正在使用该数据源库。请待其结束后重试。",
    ),
    "SPARK_MISSING": (
        "Spark or its Java is not installed here. Install hefu with the extra spark, or leave the default, DuckDB.",
        "本机未安装 Spark 或 Java。请安装附加组件 spark，或使用缺省的 DuckDB。",
    ),
    "BAD_TABLE_KIND": (
        "A feature table is saved as .parquet or .csv. Choose one of these endings.",
        "特征表只能存为 .parquet 或 .csv。请改用其中一种扩展名。",
    ),
    "NO_OUTPUT": (
        "The features of many firms need a file. Name one with -o, or name a single firm to see its features here.",
        "多家企业的特征须写入文件。请用 -o 指定文件，或只指定一家企业直接显示。",
    ),
    "UNKNOWN_FIRM": (
        "No source that was imported here knows this firm. Check its code.",
        "已导入的数据源中都没有这家企业。请核对企业代号。",
    ),
    "UNKNOWN_FEATURE": (
        "No feature has this name. The reference of features lists them all.",
        "没有这个名称的特征。特征说明中列有全部名称。",
    ),
    "OTHER_FIRM": (
        "The row belongs to another firm than the one whose features are kept here. Send it to that one.",
        "该行属于另一家企业，与此处维护特征的企业不符。请交由该企业处理。",
    ),
    "AS_OF_BACKWARDS": (
        "Features that follow events only move forward in time. For an earlier date compute them anew from the rows.",
        "随事件更新的特征只能向后推进日期。如需较早日期，请由原始数据重新计算。",
    ),
    # Watching firms.
    "NO_BOOK": (
        "No alarm has been looked for here yet. Run `hefu credit watch` first, or name the book.",
        "此处尚未检查过预警。请先运行 hefu credit watch，或指明预警簿文件。",
    ),
    "NOT_A_BOOK": (
        "The file is no book of alerts of this version. Check the path.",
        "该文件不是本版本的预警簿。请检查路径。",
    ),
    "UNKNOWN_ALERT": (
        "There is no alert of this number. `hefu credit alerts` lists them.",
        "没有此编号的预警。hefu credit alerts 可列出全部预警。",
    ),
    "ALREADY_ACKNOWLEDGED": (
        "Somebody has acknowledged this alert before; the log says who and when.",
        "该预警此前已有人确认，何人何时确认见记录。",
    ),
    "BAD_NOTE": (
        "An acknowledgement needs a name of at most 64 and a note of at most 500 characters.",
        "确认须写明姓名（不超过 64 字）与处理意见（不超过 500 字）。",
    ),
    "BROKEN_LOG": (
        "A line of the log of alerts was altered or taken out. Keep the file, and find out who could write to it.",
        "预警记录中有一行被改动或删除。请保留该文件，并查明何人有写入权限。",
    ),
    "BAD_GUARANTEE": (
        "The row is no guarantee: it needs a guarantor, a borrower, an amount above zero and, if any, a date such as 2026-12-31.",
        "该行不是有效的担保：须有担保人、被担保人、大于零的金额，日期（如有）写作 2026-12-31。",
    ),
    "TOO_FEW_RECEIVABLES": (
        "There are too few settled receivables, or all were late, or none was. Give a longer history or other dates.",
        "已结清的应收账款过少，或全部逾期，或无一逾期。请提供更长的历史，或更换日期。",
    ),
    "NOT_A_DELAY_MODEL": (
        "The file is no model of payment delays. Fit one with `hefu credit delays fit`.",
        "该文件不是付款延迟模型。请用 hefu credit delays fit 拟合。",
    ),
}
