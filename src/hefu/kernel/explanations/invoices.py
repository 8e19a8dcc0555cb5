"""Invoice files: what happens to a row, and what stops a file."""

from __future__ import annotations

from collections.abc import Mapping

INVOICES: Mapping[str, tuple[str, str]] = {
    # Rows, taken.
    "ACCEPTED": (
        "The row is in order and was taken.",
        "该行无误，已采用。",
    ),
    # Rows, set aside: nothing is wrong with the file.
    "VOID": (
        "The invoice was voided, so it was set aside. Nothing needs to be done.",
        "该发票已作废，另列不用，无需处理。",
    ),
    "ZERO": (
        "The total is zero, so the row was set aside. Nothing needs to be done.",
        "价税合计为零，另列不用，无需处理。",
    ),
    "RED_LETTER": (
        "This is a credit note with a negative total and was set aside. It cancels no other row, for it does not name "
        "the invoice it corrects; check that one yourself.",
        "红字发票（金额为负），另列不用。它未注明所冲红的发票，不会抵销其他行，请自行核对原发票。",
    ),
    "DUPLICATE": (
        "The row repeats one that was taken before, in every column, so it was set aside. Check whether a file was "
        "exported twice.",
        "该行与此前已采用的一行完全相同，另列不用。请查看是否重复导出。",
    ),
    # Rows, refused: correct them and import again.
    "ROW_COLUMNS": (
        "The row has more or fewer columns than the header. Look for a stray comma or quote, and export again.",
        "该行列数与表头不一致。请检查是否有多余的逗号或引号，重新导出。",
    ),
    "MISSING_FIRM": (
        "The firm is missing. Fill it in.",
        "缺少企业代号。请补填。",
    ),
    "MISSING_NUMBER": (
        "The invoice number is missing. Fill it in.",
        "缺少发票号码。请补填。",
    ),
    "MISSING_COUNTERPARTY": (
        "The counterparty is missing. Fill in the seller of a purchase, or the buyer of a sale.",
        "缺少对方单位。进项请填销方，销项请填购方。",
    ),
    "KEY_TOO_LONG": (
        "Firm, invoice number or counterparty is longer than 64 characters. Check whether columns were mixed up.",
        "企业、发票号码或对方单位超过 64 个字符。请检查是否错列。",
    ),
    "BAD_DATE": (
        "The date cannot be read, or is before 1990. Write it as in 2026-06-30.",
        "日期无法识别，或早于 1990 年。请写成 2026-06-30 的形式。",
    ),
    "FUTURE_DATE": (
        "The date of issue lies after the business date. Correct it, or come back on that day.",
        "开票日期晚于业务日期。请更正，或届时再办。",
    ),
    "BAD_AMOUNT": (
        "The amount is missing or unreadable, has too many decimals, is too large or not above zero, or the tax is "
        "not less than the total. Write plain figures, such as 12000.50.",
        "金额缺失或无法识别、小数位过多、过大或不大于零，或税额不小于价税合计。请填写普通数字，例如 12000.50。",
    ),
    "AMOUNT_TOO_LARGE": (
        "An amount is larger than ten trillion yuan. Check the unit and the decimal point.",
        "金额超过十万亿元。请检查单位与小数点。",
    ),
    "NOT_CENTS": (
        "An amount has fractions of a cent. Give two decimals, as on the invoice.",
        "金额精确到分以下。请与发票一致，保留两位小数。",
    ),
    "UNKNOWN_STATUS": (
        "The status says neither valid nor void. Correct it, or name its words in the column mapping.",
        "发票状态既非有效也非作废。请更正，或在列映射中注明状态用词。",
    ),
    "AMOUNTS_DISAGREE": (
        "Amount and tax differ from the total by more than two cents, or their signs differ. Compare the row with the "
        "invoice.",
        "金额加税额与价税合计相差超过两分，或正负不一致。请对照发票核对。",
    ),
    # Files.
    "FILE_MISSING": (
        "There is no such file or folder. Check the path.",
        "没有该文件或文件夹。请检查路径。",
    ),
    "FILE_UNREADABLE": (
        "The file cannot be opened. Check whether you may read it and whether another program holds it.",
        "文件无法打开。请检查读取权限，以及是否被其他程序占用。",
    ),
    "FILE_KIND": (
        "The file is neither CSV nor Parquet. Save it as CSV.",
        "文件既非 CSV 也非 Parquet。请另存为 CSV。",
    ),
    "FILE_EMPTY": (
        "The file is empty. Export it again.",
        "文件为空。请重新导出。",
    ),
    "FILE_TRUNCATED": (
        "The file ends in the middle of a row, so it is not whole. Export or copy it again.",
        "文件在一行中间结束，内容不完整。请重新导出或复制。",
    ),
    "BAD_ENCODING": (
        "The characters of the file cannot be read as UTF-8 or GB18030. Save it as UTF-8.",
        "文件编码既非 UTF-8 也非 GB18030。请另存为 UTF-8。",
    ),
    "BAD_CSV": (
        "The CSV file is damaged: a quotation mark is out of place, a row never ends, or a character is not text. "
        "Export it again.",
        "CSV 文件已损坏：引号错位、行未结束，或含有非文本字符。请重新导出。",
    ),
    "BAD_PARQUET": (
        "The Parquet file is damaged. Export or copy it again.",
        "Parquet 文件已损坏。请重新导出或复制。",
    ),
    "UNKNOWN_COLUMNS": (
        "No known layout fits the header of this file. Describe its columns in a column mapping and name that.",
        "没有列映射与该表头相符。请编写列映射并指明使用。",
    ),
    "UNKNOWN_DIRECTION": (
        "It is not clear whether these are purchases or sales. Say which, or put input (purchases) or output (sales) "
        "into the file name.",
        "无法判断是进项还是销项。请指明，或在文件名中写明“进项”或“销项”。",
    ),
    "DIRECTION_CONFLICT": (
        "What was said, the file name and the header do not agree on purchases or sales. Say which is right.",
        "所指明的、文件名与表头对进项或销项的说法不一致。请指明哪一个正确。",
    ),
    "NO_INVOICE_FILES": (
        "The folder holds no CSV or Parquet file with the columns of invoices. Check the folder, or give a column "
        "mapping.",
        "文件夹中没有含发票各列的 CSV 或 Parquet 文件。请检查文件夹，或提供列映射。",
    ),
    "BAD_MAPPING": (
        "The column mapping cannot be used; the message says what is wrong with it. Correct it and try again.",
        "列映射无法使用，原因见提示。请更正后重试。",
    ),
    "CONNECTION_BUSY": (
        "Another import is writing to the same tables, or something else there has the same name. Wait for it, or "
        "import elsewhere.",
        "另一次导入正在写入同一组表，或其中已有同名内容。请稍候，或换处导入。",
    ),
    "NO_ROOM": (
        "Memory or the disk for temporary files is full. Free some room and import again.",
        "内存或临时文件所在磁盘已满。请腾出空间后重新导入。",
    ),
    "BAD_REPORT_KIND": (
        "A report is saved as .csv or .json. Choose one of these endings.",
        "报告只能保存为 .csv 或 .json。请改用其中一种扩展名。",
    ),
    "OUTPUT_IS_INPUT": (
        "The file to write is one of the files that are read, and would be lost. Choose another name or folder for it.",
        "要写入的文件正是被读取的文件之一，写入会将其覆盖。请为输出另选文件名或文件夹。",
    ),
    "NOT_SAVED": (
        "The file could not be written. Check the folder, the room on the disk and whether you may write there.",
        "文件未能写入。请检查文件夹、磁盘空间与写入权限。",
    ),
    "NO_TRADES": (
        "No invoice here appears both as one firm's sale and as another's purchase. Add the sales and the purchases "
        "of several firms.",
        "没有一张发票同时见于一家的销项与另一家的进项。请补充多家企业的进项与销项。",
    ),
}
