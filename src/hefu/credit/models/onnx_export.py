"""
A model as ONNX, for programs of others: the raw score, from the same integers. It gives what any runtime makes of it in single or
double precision; the score of record stays the evaluator's.

Inputs: `values`, double, rows by fields, NaN where unknown. Output: `raw`, double, log odds times one million.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

from hefu.credit.models.record import Model, Node, Table

_OPSET, _ML_OPSET = 17, 3


def onnx_bytes(model: Model) -> bytes:
    """
    The model as a file of ONNX.

    Tables become trees of one field; every threshold is a half above the integer, so that a value that is equal goes left under any
    runtime's comparison.
    """
    trees = [*model.trees, *(_table_tree(table) for table in model.tables)]
    attributes: dict[str, list[int] | list[float] | list[str]] = {
        key: []
        for key in (
            "nodes_treeids",
            "nodes_nodeids",
            "nodes_featureids",
            "nodes_modes",
            "nodes_values",
            "nodes_truenodeids",
            "nodes_falsenodeids",
            "nodes_missing_value_tracks_true",
            "target_treeids",
            "target_nodeids",
            "target_ids",
            "target_weights",
        )
    }

    def put(key: str, value: float | int | str) -> None:
        attributes[key].append(value)  # type: ignore[arg-type]

    for t, nodes in enumerate(trees):
        for i, node in enumerate(nodes):
            is_leaf = node.field < 0
            put("nodes_treeids", t)
            put("nodes_nodeids", i)
            put("nodes_featureids", 0 if is_leaf else node.field)
            put("nodes_modes", "LEAF" if is_leaf else "BRANCH_LEQ")
            put("nodes_values", 0.0 if is_leaf else node.threshold + 0.5)
            put("nodes_truenodeids", 0 if is_leaf else node.left)
            put("nodes_falsenodeids", 0 if is_leaf else node.right)
            put("nodes_missing_value_tracks_true", 0 if is_leaf else int(node.unknown_left))
            if is_leaf:
                put("target_treeids", t)
                put("target_nodeids", i)
                put("target_ids", 0)
                put("target_weights", float(node.value))
    doubles = ("nodes_values", "target_weights")
    given: dict[str, Any] = {
        f"{key}_as_tensor" if key in doubles else key: (
            numpy_helper.from_array(np.array(value, dtype=np.float64), key) if key in doubles else value
        )
        for key, value in attributes.items()
    }
    base = numpy_helper.from_array(np.array([float(model.base)], dtype=np.float64), "base_values")
    fields = max(1, len(model.fields))
    made_nodes = [
        helper.make_node(
            "TreeEnsembleRegressor",
            ["values"],
            ["raw"],
            domain="ai.onnx.ml",
            n_targets=1,
            aggregate_function="SUM",
            post_transform="NONE",
            base_values_as_tensor=base,
            **given,
        )
    ]
    graph = helper.make_graph(
        made_nodes,
        "score",
        [helper.make_tensor_value_info("values", TensorProto.DOUBLE, [None, fields])],
        [helper.make_tensor_value_info("raw", TensorProto.FLOAT, [None, 1])],
    )
    made = helper.make_model(
        graph,
        producer_name="hefu",
        ir_version=8,
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)],
    )
    about = {
        "digest": model.digest,
        "fields": json.dumps([{"name": f.name, "digits": f.digits} for f in model.fields], ensure_ascii=False),
        "output": "raw: log odds of default times one million, before calibration",
    }
    helper.set_model_props(made, about)
    checker.check_model(made)
    found: bytes = made.SerializeToString()
    return found


def _table_tree(table: Table) -> tuple[Node, ...]:
    """A table as a chain of splits: unknown ones go to a leaf of their own."""
    nodes: list[Node] = []
    # The unknown go right at every step; a last split beyond all numbers parts them from the highest.
    for i, threshold in enumerate((*table.thresholds, 2**62)):
        at = len(nodes)
        nodes.append(Node(table.field, threshold, False, at + 1, at + 2, 0))
        nodes.append(Node(-1, 0, False, 0, 0, table.values[i]))
    nodes.append(Node(-1, 0, False, 0, 0, table.unknown))
    return tuple(nodes)
