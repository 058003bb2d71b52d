"""The claims of all sections of the paper, in the order of its table."""

from importlib import import_module

SECTIONS = (
    "four_points",
    "spoilers",
    "lecture",
    "reach",
    "unique_minimum",
    "binary",
    "basins",
    "phase_diagram",
    "brakes",
    "significance",
    "bias_variance",
    "window",
    "natural",
    "minority",
    "stability",
    "worked_example",
    "bench",
    "losses",
    "units",
    "unbounded",
    "hidden_failures",
    "optimisers",
    "memorising",
    "networks",
    "curved",
)
CLAIMS = tuple(claim for name in SECTIONS for claim in import_module(f"experiments.claims.{name}").CLAIMS)
