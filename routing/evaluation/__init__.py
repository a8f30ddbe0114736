"""Measuring the reading of texts against labelled ones, with 95 % intervals and what is confused."""

from routing.evaluation.figures import evaluate
from routing.evaluation.measures import (
    calibration_error,
    macro_f1,
    share,
)
from routing.evaluation.printing import report
from routing.evaluation.rows import BadRows, Case, read_cases

__all__ = ["BadRows", "Case", "calibration_error", "evaluate", "macro_f1", "read_cases", "report", "share"]
