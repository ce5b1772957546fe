"""Inspection: look into a network: summary, gradient check, trace of one pass."""

from __future__ import annotations

from glassnet.inspection.gradients import GradientReport, check_gradients
from glassnet.inspection.summary import summary
from glassnet.inspection.trace import Trace, trace

__all__ = ["GradientReport", "Trace", "check_gradients", "summary", "trace"]
