"""The table of rivals."""

from __future__ import annotations

from . import ours, with_ncnn, with_ort, with_tinygrad, with_torch
from .core import Rival


def all_rivals() -> dict[str, Rival]:
    """All rivals by name. Ours come first."""
    modules = (ours, with_torch, with_ort, with_ncnn, with_tinygrad)
    return {rival.name: rival for module in modules for rival in module.rivals()}
