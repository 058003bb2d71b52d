"""Blocks of parts are records of named columns; frames, tables and nested numbers come from them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.sweeps.experiment import Experiment
from study.sweeps.parts import Part, Records, experiment, frames, key, nested, summarise
from study.sweeps.runner import Place, run_experiment
from study.sweeps.streams import stream


def draw(scale: float, size: int, rng: np.random.Generator) -> Records:
    rows = [{"rule": rule, "value": scale * rng.random(size), "place": rng.random((size, 3))} for rule in ("a", "bb")]
    return {"values": rows, "none": [], "n_fits": 2 * size}


def show(name: str) -> Records:
    return {
        "values": {"value": 0.0, "rule": name},
        "proved": {"certificate": ["one", "another", "", "one"]},
        "alone": {"right": True},
    }


def declared(**parts: Part) -> Experiment:
    return experiment(
        name="tiny",
        question="Are columns named?",
        parts=parts,
        resamples=5,
        block_size=3,
        numbers=lambda tables: {"n": len(tables["values"])},
    )


EXPERIMENT = declared(
    drawn=Part(run=draw, cells=[{"scale": 1.0}, {"scale": 2.0}]),
    few=Part(run=draw, cells=[{"scale": 1.0}], resamples=2),
    shown=Part(run=show, cells=[{"name": "it"}], draws=False),
)


def test_cells_are_named_as_the_streams_know_them() -> None:
    assert EXPERIMENT.cells == [
        {"part": "drawn", "scale": 1.0},
        {"part": "drawn", "scale": 2.0},
        {"part": "few", "scale": 1.0, "resamples": 2},
        {"part": "shown", "name": "it", "resamples": 1},
    ]
    alone = experiment(
        name="one",
        question="?",
        parts={"": Part(run=draw, cells=[{"scale": 1.0}])},
        numbers=dict,
    )
    assert alone.cells == [{"scale": 1.0}]


def test_a_frame_holds_the_cells_values_and_the_columns_in_the_order_of_cells_and_blocks(tmp_path: Any) -> None:
    for _ in range(2):  # computed, then read from the store
        tables = run_experiment(EXPERIMENT, "a digest", Place(store=tmp_path)).tables
        values = tables["values"]
        assert list(values.columns) == ["part", "scale", "rule", "value", "place", "name"]
        assert list(values["part"]) == ["drawn"] * 20 + ["few"] * 4 + ["shown"]
        assert list(values["rule"][:10]) == ["a"] * 3 + ["bb"] * 3 + ["a"] * 2 + ["bb"] * 2
        assert values["rule"].iloc[-1] == "it"
        rng = stream("tiny", "block", EXPERIMENT.cells[1], 0)
        assert list(values["value"][10:13]) == list(2.0 * rng.random(3))
        np.testing.assert_array_equal(np.stack(list(values["place"][10:13])), rng.random((3, 3)))
        assert tables["certificates"].to_dict("list") == {"certificate": ["one", "another"]}
        assert list(tables["proved"]["certificate"]) == [0, 1, -1, 0]
        assert tables["alone"].to_dict("list") == {"name": ["it"], "right": [True]}
        assert tables["alone"]["right"].dtype == bool
        assert "none" not in tables


def test_a_block_says_how_many_fits_it_took() -> None:
    rng = np.random.default_rng(0)
    blocks = [EXPERIMENT.run(cell, 3, rng) for cell in EXPERIMENT.cells]
    assert [int(block["n_fits"].sum()) for block in blocks] == [6, 6, 6, 0]
    assert frames([(EXPERIMENT.cells[3], blocks[3])])["values"].to_dict("records") == [
        {"name": "it", "value": 0.0, "rule": "it"}
    ]


def test_a_column_named_as_a_value_of_the_cell_is_refused() -> None:
    def same(value: float) -> Records:
        return {"values": {"value": 2.0 * value}}

    clash = declared(same=Part(run=same, cells=[{"value": 1.0}], draws=False))
    with pytest.raises(ValueError, match="`values` must not hold a column named as a value of its cell; got value"):
        clash.run(clash.cells[0], 1, np.random.default_rng(0))


def test_a_summary_has_a_row_for_each_group_in_the_order_of_their_first_rows() -> None:
    table = pd.DataFrame({"rule": ["b", "a", "b"], "R": [np.nan, 1.0, np.nan], "hit": [True, False, False]})
    summary = summarise(table, ["rule", "R"], lambda rows: {"share": rows["hit"].mean()})
    assert list(summary.columns) == ["rule", "R", "n", "share"]
    assert summary["rule"].tolist() == ["b", "a"]
    assert summary["n"].tolist() == [2, 1]
    assert summary["share"].tolist() == [0.5, 0.0]


def test_numbers_are_nested_without_what_is_blank() -> None:
    table = pd.DataFrame(
        {"loss": ["cross-entropy", "quadratic"], "R": [0.5, 1000000.0], "share": [np.nan, 0.25], "n": [3, 4]}
    )
    by = {"loss": "", "R": "R"}
    tree = {"cross_entropy": {"R_0_5": {"n": 3}}, "quadratic": {"R_1000000": {"share": 0.25, "n": 4}}}
    assert nested(table, by) == tree
    assert nested(table, by, ["n"])["quadratic"] == {"R_1000000": {"n": 4}}


@pytest.mark.parametrize(
    ("value", "prefix", "name"),
    [("unit, cross-entropy, box", "", "unit_cross_entropy_box"), (3.41, "t", "t_3_41"), (10_000, "m", "m_10000")],
)
def test_keys_are_words(value: Any, prefix: str, name: str) -> None:
    assert key(value, prefix) == name
