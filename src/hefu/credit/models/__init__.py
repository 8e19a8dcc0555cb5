"""
Models of credit: made from tables with a label, kept as a file of integers, scored by an evaluator of our own (`record`). Libraries
train; what decides is `record.Model.score`.
"""

from hefu.credit.models.record import BadModel, BadRecord, Field, Model, ModelError, Note, Reason, Score

__all__ = ["BadModel", "BadRecord", "Field", "Model", "ModelError", "Note", "Reason", "Score"]
