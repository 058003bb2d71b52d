"""Figures are what their tables say, repeat their bytes, and can be read."""

import hashlib
import importlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text

from study.commands.checkout import select
from study.report.drawing import draw, figure_source, is_current, is_page
from study.report.style import WIDTH
from tests.conftest import ROOT, Study

RESULTS = ROOT / "experiments" / "results"
DRAWN = [name for name in select("figures") if not is_page(ROOT, name)]
"""The figures that matplotlib draws; pages have tests/test_explore.py."""
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def coordinates(svg: str) -> np.ndarray:
    return np.array([float(number) for number in NUMBER.findall(svg.split("</metadata>")[1])])


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.slow
def test_a_figure_can_be_read_repeats_its_bytes_and_is_the_committed_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, figures = importlib.import_module(f"figures.{name}"), list[Figure]()
    source = figure_source(ROOT, RESULTS, module)
    original = module.draw

    def noted(tables: Any) -> Figure:
        figures.append(original(tables))
        return figures[-1]

    monkeypatch.setattr(module, "draw", noted)
    path = ROOT / "figures" / f"{name}.svg"
    assert is_current(path, source)
    committed, drawn = path.read_bytes(), draw(module, RESULTS, "svg", source)
    assert not plt.get_fignums()
    if drawn != committed:  # another processor may differ in the last digit of a coordinate, and in nothing else
        assert drawn == draw(module, RESULTS, "svg", source)
        texts = committed.decode(), drawn.decode()
        assert NUMBER.sub("#", texts[0]) == NUMBER.sub("#", texts[1])
        assert coordinates(texts[0]) == pytest.approx(coordinates(texts[1]), abs=1e-3)
    letters = [text for text in figures[0].findobj(Text) if text.get_text().strip() and text.get_visible()]
    assert min(float(text.get_fontsize()) for text in letters) * 3.5 / WIDTH >= 5.5  # at the width of a column
    assert figures[0].get_size_inches()[0] == WIDTH


def test_other_formats_and_citations(spoilt: Path, study: Study, tmp_path: Path) -> None:
    answer = study(spoilt, "figures", "four_points", "--format", "pdf", "--out", str(tmp_path / "out"))
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "out" / "four_points.pdf").read_bytes().startswith(b"%PDF")
    answer = study(spoilt, "cite", *select("figures"), "paper", "code", "spoilers.n")
    assert answer.returncode == 0, answer.stderr
    for name in select("figures"):
        assert f"@misc{{ignored_spoiler_{name}," in answer.stdout
    assert "CC BY 4.0" in answer.stdout
    assert "(a) On three points both rules separate." in " ".join(answer.stdout.split())
    assert "An interactive figure: drag any point" in answer.stdout
    svg = (spoilt / "figures" / "four_points.svg").read_bytes()
    assert f"SHA-256: {hashlib.sha256(svg).hexdigest()}" in answer.stdout
    record = json.loads((spoilt / "experiments" / "results" / "four_points.json").read_text())
    assert record["seal"] in answer.stdout
    assert "experiments/results/four_points.fold.csv" in answer.stdout
    assert not (spoilt / "build").exists()
