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
}
