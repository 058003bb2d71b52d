"""A claim of the lecture or of its sources, and how results decide it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Mapping[str, Any]]
"""The `numbers` of each experiment, by its name."""


@dataclass(frozen=True)
class Evidence:
    """A number that a verdict rests on: where it stands, what it says, and Python's format for it."""

    experiment: str
    key: str
    label: str
    spec: str = ""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim, its source, and how results decide it.

    Parameters
    ----------
    key : str
        A short name.
    statement : str
        The claim in the study's words.
    source : str
        A citation as Pandoc reads it, or the lecture.
    holds : callable (results) -> bool
        Whether it holds as it is stated.
    condition : str
        Where it holds only under a condition: that condition, as it follows "holds when".
    holds_conditionally : callable (results) -> bool, optional
        Whether it holds under `condition`.
    basis : str
        How sure the verdict is: proved, by hand or by machine, or measured.
    sample : Evidence, optional
        The number of sets or runs that were drawn.
    evidence : tuple of Evidence
        The numbers that the verdict rests on.
    """

    key: str
    statement: str
    source: str
    holds: Callable[[Results], bool]
    condition: str = ""
    holds_conditionally: Callable[[Results], bool] | None = None
    basis: str
    sample: Evidence | None = None
    evidence: tuple[Evidence, ...]

    def verdict(self, results: Results) -> str:
        """Return "holds", "holds when ..." or "does not hold"."""
        if self.holds(results):
            return "holds"
        if self.holds_conditionally is not None and self.holds_conditionally(results):
            return f"holds when {self.condition}"
        return "does not hold"
