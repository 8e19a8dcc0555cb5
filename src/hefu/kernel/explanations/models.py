"""Models of credit: their files, the tables they are made from, and what cannot be scored."""

from __future__ import annotations

from collections.abc import Mapping

MODELS: Mapping[str, tuple[str, str]] = {
    # A model's file.
    "NOT_A_MODEL": (
        "The file is not a model of credit that Hefu wrote. Name the file that a fit has written.",
        "该文件不是本系统生成的信用模型文件。请指明训练命令写出的文件。",
    ),
    "MODEL_VERSION": (
        "The model's file has another version of the format than this program reads. Use the program that wrote it, or fit anew.",
        "模型文件的格式版本与本程序不符。请使用生成该文件的程序版本，或重新训练。",
    ),
    "MODEL_KEY": (
        "A key of the model's file is missing, unknown or there twice; the message gives its place. It was altered or cut off.",
        "模型文件缺少某个键、含有未知的键或键重复，位置见提示。该文件可能被改动或不完整。",
    ),
    "MODEL_TYPE": (
        "A value of the model's file has the wrong type; the message gives its place. Numbers there are integers only.",
        "模型文件中某个值的类型不对，位置见提示。其中的数字一律为整数。",
    ),
    "MODEL_RANGE": (
        "A number of the model's file is outside its range or out of order; the message gives its place.",
        "模型文件中某个数字超出范围或顺序不对，位置见提示。",
    ),
    "MODEL_FIELD": (
        "The model names a field that it does not declare, declares one twice, or was asked for one that it does not have.",
        "模型引用了未声明的字段、重复声明了字段，或查询的字段不在模型之中。",
    ),
    "MODEL_TREE": (
        "The nodes of a tree in the model's file do not form a tree; the message gives its place.",
        "模型文件中某棵树的节点不构成树，位置见提示。",
    ),
    # A record to be scored.
    "RECORD_FIELD_MISSING": (
        "The record lacks a field that the model reads. Give its value, or say that it is unknown.",
        "记录缺少模型需要的字段。请提供其值，或注明未知。",
    ),
    "RECORD_UNKNOWN": (
        "The model does not score without this field, and its value is unknown. Find the value out first.",
        "该字段的值未知，而模型在缺少该字段时不予评分。请先补全该值。",
    ),
    "RECORD_TYPE": (
        "The value of this field is not an integer. A record holds integers, scaled by the digits that the model declares.",
        "该字段的值不是整数。记录中的值须为整数，并按模型声明的位数放大。",
    ),
    "RECORD_RANGE": (
        "The value is outside what this field can mean. Check its unit, its sign and the decimal point.",
        "该值超出该字段可能的范围。请检查单位、正负号与小数点。",
    ),
    # Tables and schemas.
    "TABLE_KIND": (
        "The table is of no kind that is read here. Save it as CSV, Parquet or ARFF.",
        "不支持这种数据表格式。请存为 CSV、Parquet 或 ARFF。",
    ),
    "TABLE_HEADER": (
        "A column of the table has no name, or two have the same. Name each column once.",
        "数据表有列未命名，或两列同名。请为每列取唯一的名称。",
    ),
    "TABLE_COLUMN": (
        "The table lacks a column that the schema or the model reads. Check the file, or correct the schema.",
        "数据表缺少 schema 或模型所需的列。请核对文件，或修改 schema。",
    ),
    "BAD_ARFF": (
        "The ARFF file cannot be read; the message gives the line. Export it again, or save the table as CSV.",
        "无法读取该 ARFF 文件，行号见提示。请重新导出，或将数据表存为 CSV。",
    ),
    "BAD_SCHEMA": (
        "The schema cannot be used; the message names the key. Correct it, or have one proposed with `hefu credit schema`.",
        "schema 无法使用，所涉的键见提示。请修改，或用 hefu credit schema 重新拟出。",
    ),
    "TWO_OUTCOMES": (
        "A firm stands twice in the table of outcomes, with different words. Keep one; the message gives the row.",
        "违约情况表中同一企业出现两次且结果不同，行号见提示。请只保留一条。",
    ),
    "NO_LABEL_COLUMN": (
        "No column of the table looks like an outcome. Name it with --label.",
        "未能识别哪一列是结果。请用 --label 指定。",
    ),
    "FIELD_NOT_NUMBERS": (
        "Most cells of a column that the schema calls a number are none. Make it a category, or ignore it.",
        "schema 标为数字的列，多数单元格不是数字。请改为 category 或 ignore。",
    ),
    "NO_TIME": (
        "A column of days needs the day of the row to be counted from. Name the time column in the schema, or ignore the column.",
        "日期列须以每行的决策日期为基准。请在 schema 中指定 time 列，或忽略该列。",
    ),
    "SCORES_KIND": (
        "Scores are written as .csv. Choose that ending.",
        "评分结果只能存为 .csv。请改用该扩展名。",
    ),
    # What stops a fit or an evaluation.
    "NO_LABEL": (
        "No row has a label that the schema knows. Check the label's column and the words that mean default.",
        "没有任何一行带有 schema 所认的标签。请核对标签列与表示违约的用词。",
    ),
    "ONE_CLASS": (
        "All labelled rows have the same outcome, so there is nothing to learn or to judge. Bring rows with both outcomes.",
        "有标签的行结果全部相同，无从学习或评判。请提供两种结果都有的数据。",
    ),
    "TOO_FEW_ROWS": (
        "There are too few rows, or too few of one outcome, to make a model that says anything. Bring more.",
        "样本过少，或某一结果的样本过少，训练出的模型没有意义。请提供更多数据。",
    ),
    "TOO_FEW_FOLDS": (
        "The groups or times leave no two parts of the table that both have enough defaults and others. Choose another split.",
        "按组或按时间划分后，没有两部分同时含有足够的违约与未违约样本。请在 schema 中改用其他划分方式。",
    ),
    "TOO_MANY_FIELDS": (
        "The schema has more fields than a model's file can hold. Ignore those that tell least.",
        "schema 中的字段数超出模型文件的上限。请将作用较小的列设为 ignore。",
    ),
    "FIELD_RANGE": (
        "Numbers of a field lie outside its lowest and highest in the schema. Correct the table, or the bounds; the message gives "
        "the row.",
        "某字段有数值超出 schema 中 lowest 与 highest 的范围，行号见提示。请更正数据，或修改上下限。",
    ),
    "LEAK_FIELD": (
        "A field ranks too well alone: it may have been known only after the outcome. Ban it, or accept it once looked at.",
        "某字段单独排序能力过强，可能在结果发生之后才得知。请禁用；若确认无误，请列入 accepted。",
    ),
    "LEAK_VALUE": (
        "A value of a field occurs in defaults alone: it may have been written afterwards. Ban or accept the field.",
        "某字段有一个值只在违约样本中出现，可能在结果发生之后才写入。请禁用该字段；若确认无误，请列入 accepted。",
    ),
    "LEAK_IDENTIFIER": (
        "A category has a word of its own in nearly every row, so it names rows. List it under identifiers, or ignore it.",
        "某类别字段几乎每行取值不同，实为标识。请列入 identifiers，或忽略该列。",
    ),
    "LEAK_TIME": (
        "Days of a field lie after the day of the decision, so they were not known then. Ban or accept the field.",
        "某字段的日期晚于决策日期，决策时不可能已知。请禁用该字段；若确认无误，请列入 accepted。",
    ),
    "TRAINED_ON": (
        "The model was made from many of these rows, so figures would flatter. Evaluate on others, or go on with --training-rows.",
        "其中许多行曾用于训练该模型，指标会偏高。请改用其他数据评估，或加 --training-rows 继续。",
    ),
    "MODEL_WITHOUT_DATA": (
        "The model's file does not say what rows it was made from, so a test on them would go unnoticed. Use a file that "
        "`hefu credit fit` wrote.",
        "模型文件未记录训练所用的数据，无从判断测试样本是否曾用于训练。请使用 hefu credit fit 生成的模型文件。",
    ),
    "MODEL_WITHOUT_SCHEMA": (
        "The model's file carries no schema of a table, so no table can be scored with it. Give it records of integers instead.",
        "模型文件未附带数据表的 schema，无法直接为数据表评分。请改为提供整数记录。",
    ),
    "MODEL_ABOUT": (
        "The model's file does not say how it was made, or says it in another form. It can score; to evaluate it, report on it or "
        "measure drift, use the file that the fit wrote.",
        "模型文件未写明训练情况，或其格式不符。该模型仍可评分；如需评估、生成报告或衡量偏移，请使用训练命令写出的原文件。",
    ),
    "NOTHING_SCORED": (
        "No row of the table can be scored. Check that it has rows, and that their values can be what the model reads.",
        "数据表中没有可评分的行。请核对表中是否有数据，取值是否符合模型要求。",
    ),
    "MODELS_MISSING": (
        "What trains and judges models is not installed here. Install hefu with the extra models.",
        "本机未安装用于训练与评估模型的组件。请安装附加组件 models。",
    ),
    # Alerts.
    "DRIFT_WATCH": (
        "The firms differ somewhat from those the model was made from. Watch it, and find out why.",
        "企业分布与训练时略有不同。请关注并查明原因。",
    ),
    "DRIFT_ALARM": (
        "The firms differ much from those the model was made from. Check units and sources, then validate or fit anew.",
        "企业分布与训练时差异明显。请先检查单位与数据来源，再重新验证或训练。",
    ),
    "DRIFT_AUC": (
        "By its own probabilities the model must be expected to rank worse on these firms than when it was made.",
        "据模型自身的概率推算，其在这批企业上的排序能力将低于训练时的水平。",
    ),
    "DRIFT_LEVEL": (
        "Defaults differ from the forecast by more than chance allows. Calibrate again before pricing by it.",
        "实际违约与预测之差超出偶然范围。用于定价之前请重新校准。",
    ),
    "CHALLENGER_BETTER": (
        "The challenger ranks these rows better than chance allows. Consider a change of champion, after a person has looked.",
        "挑战者模型在这些行上的排序明显更优，并非偶然。经人工审阅后，可考虑更换现用模型。",
    ),
}
