"""Rules trained on the same resampled sets, over a grid of settings: what `study sweep` runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd

from study.analysis.bias_variance import PARTS, estimate, group_sizes, wrong_counts
from study.analysis.boundary import boundary_spread, boundary_sums
from study.analysis.interval import wilson
from study.analysis.separation import separates
from study.checks import BadInput, checked, count, one_of, real
from study.datasets.dataset import Dataset, Floats, Frame
from study.datasets.generators import BOX, GAUSSIAN, make_boxes, make_gaussians
from study.datasets.resampling import bootstrap, subsample
from study.datasets.spoilers import PLACE, replace_by_spoilers
from study.sweeps.experiment import Cell, Experiment, Statistics, Tables, add_up
from study.sweeps.rules import Rule, read_rule
from study.sweeps.streams import stream

GENERATORS = ("boxes", "gaussians")
FEATURES = ("raw", "centred", "standardised")
RESAMPLINGS = ("fresh", "bootstrap", "subsample")
N_GROUPS = 20


@checked
@dataclass(frozen=True, kw_only=True)
class Setting:
    """How training sets come about: the columns that a cell of a sweep has."""

    generator: str = "boxes"
    n_samples: int = 100
    n_features: int = 2
    spoiler_rate: float = 0.01
    depth: float = PLACE["depth"]
    offset: float = PLACE["offset"]
    features: str = "raw"
    resampling: str = "fresh"

    def __post_init__(self) -> None:
        one_of("generator", self.generator, GENERATORS)
        one_of("features", self.features, FEATURES)
        one_of("resampling", self.resampling, RESAMPLINGS)
        n_samples, n_features = count("n_samples", self.n_samples, least=4), count("n_features", self.n_features)
        for name in ("depth", "offset"):
            if not 0.0 <= real(name, getattr(self, name)) < np.inf:
                raise BadInput(f"`{name}` must lie in [0, inf); got {getattr(self, name)}")
        if not 0.0 <= self.spoiler_rate < 1.0:
            raise BadInput(f"`spoiler_rate` must lie in [0, 1); got {self.spoiler_rate}")
        self.check_place(_frame_of(self.generator, n_samples, n_features))

    def check_place(self, frame: Frame | None) -> None:
        """Raise `BadInput` unless spoilers are certain to be separable: said of the options, which hold no jitter."""
        if frame is None or not self.spoiler_rate:
            return
        in_depth, across = PLACE["jitter"]
        deepest, least = frame.margin - in_depth, frame.spread * (self.depth + in_depth) / frame.margin + across
        if self.depth >= deepest and (self.n_features == 1 or self.offset <= least):
            other = f", or `offset` above {least:g}" if self.n_features > 1 and least < np.inf else ""
            raise BadInput(
                f"not certain to be separable: `depth` must be below {deepest:g}{other}; "
                f"got {self.depth:g} and {self.offset:g}"
            )

    def base(self, size: int, rng: np.random.Generator, n_samples: int | None = None) -> Dataset:
        """Draw fresh sets without spoilers."""
        return _draw_sets(self.generator, n_samples or self.n_samples, self.n_features, size, rng)

    def draw(
        self, size: int, rng: np.random.Generator, n_samples: int | None = None, spoiler_rate: float | None = None
    ) -> Dataset:
        """Draw fresh sets; of another size, or with other spoilers, where these are given."""
        base = self.base(size, rng, n_samples)
        rate = self.spoiler_rate if spoiler_rate is None else spoiler_rate
        place: dict[str, Any] = {"depth": self.depth, "offset": self.offset, "jitter": PLACE["jitter"]}
        if self.n_features == 1:
            place |= {"offset": 0.0, "jitter": (PLACE["jitter"][0], 0.0)}
        return replace_by_spoilers(base, rate, **place, rng=rng) if rate else base

    def training_sets(self, size: int, rng: np.random.Generator, **seed: int) -> Dataset:
        """Draw the sets of one block: fresh, or from the one pool that all blocks share."""
        if self.resampling == "fresh":
            return self.draw(size, rng)
        shared = {name: value for name, value in asdict(self).items() if name != "features"} | seed
        of_pool = stream("sweep", "pool", shared, 0)
        drawn = self.draw(1, of_pool, self.n_samples * (2 if self.resampling == "subsample" else 1))
        pool = Dataset(X=drawn.X[0], y=drawn.y[0], is_spoiler=drawn.is_spoiler[0], name=drawn.name)
        if self.resampling == "bootstrap":
            return bootstrap(pool, size, rng)
        return subsample(pool, self.n_samples, size, rng)

    def test_points(self, n_test: int, **seed: int) -> Dataset:
        """Draw test points, spoilers among them in just their share; the same for all rules and training sizes."""
        names = ("generator", "n_features", "spoiler_rate", "depth", "offset")
        rng = stream("sweep", "test", {name: getattr(self, name) for name in names} | seed, 0)
        plain = self.draw(1, rng, n_test, spoiler_rate=0.0)
        certain = self.draw(1, rng, 8 * n_test, spoiler_rate=self.spoiler_rate and 0.5)
        spoilers = certain.X[0][certain.is_spoiler[0]][: round(self.spoiler_rate * n_test)]
        rest = n_test - len(spoilers)
        return Dataset(
            X=np.concatenate([plain.X[0, :rest], spoilers]),
            y=np.concatenate([plain.y[0, :rest], np.ones(len(spoilers))]),
            name="test points",
        )


def _draw_sets(generator: str, n_samples: int, n_features: int, size: int, rng: np.random.Generator) -> Dataset:
    """Draw sets of a generator, at the numbers that the study uses throughout."""
    if generator == "boxes":
        return make_boxes(n_samples, n_features, **BOX, size=size, rng=rng)
    return make_gaussians(n_samples, n_features, **GAUSSIAN, normal=np.eye(n_features)[0], size=size, rng=rng)


@lru_cache(maxsize=1024)
def _frame_of(generator: str, n_samples: int, n_features: int) -> Frame | None:
    """Return the frame that all sets of a generator have, or raise `BadInput` where there are no such sets."""
    return _draw_sets(generator, n_samples, n_features, 1, np.random.default_rng(0)).frame


SETTINGS = tuple(field.name for field in fields(Setting))


def scaled_features(X: Floats, features: str) -> tuple[Floats, Floats, Floats]:
    """Return training features as the rule sees them, with the centre and the unit that they were given."""
    centre = X.mean(axis=-2, keepdims=True) if features != "raw" else np.zeros((*X.shape[:-2], 1, X.shape[-1]))
    unit = X.std(axis=-2, keepdims=True) if features == "standardised" else np.ones_like(centre)
    unit = np.where(unit > 0.0, unit, 1.0)
    return (X - centre) / unit, centre[..., 0, :], unit[..., 0, :]


@lru_cache(maxsize=8, typed=True)  # the blocks of a cell come one after another; streams tell 0 from 0.0
def prepare_cell(n_test: int, seed: int | None, **values: Any) -> tuple[Setting, dict[str, int], Dataset]:
    """Return what all blocks of a cell share: the setting, the seed as streams take it, and the test points."""
    setting, of_seed = Setting(**values), {} if seed is None else {"seed": seed}
    return setting, of_seed, setting.test_points(n_test, **of_seed)


def run(cell: Cell, size: int, rng: np.random.Generator, *, rules: Sequence[Rule], n_test: int) -> Statistics:
    """Train all rules on the same sets, and count."""
    values = {name: cell[name] for name in SETTINGS if name in cell}
    setting, seed, test = prepare_cell(n_test, int(cell["seed"]) if "seed" in cell else None, **values)
    train = setting.training_sets(size, rng, **seed)
    X, centre, unit = scaled_features(train.X, setting.features)
    wrong, sums, right = [], [], []
    for rule in rules:
        w = rule.train(X, train.y, rng)
        normal = w[..., :-1] / unit
        w = np.concatenate([normal, w[..., -1:] - (normal * centre).sum(axis=-1, keepdims=True)], axis=-1)
        wrong.append(wrong_counts(w, test.X, test.y, N_GROUPS))
        sums.append(boundary_sums(np.where(np.isfinite(w).all(axis=-1, keepdims=True), w, 0.0)))
        right.append(separates(w, train.X, train.y).sum())
    return {
        "wrong": np.array(wrong, np.uint16 if size < 2**16 else np.int64),
        "groups": group_sizes(size, N_GROUPS),
        "sums": np.array(sums),
        "separates": np.array(right),
        "n_fits": np.array([size * len(rules)]),
    }


def tables(merged: Sequence[tuple[Cell, Statistics]], *, rules: Sequence[Rule]) -> Tables:
    """Make the tidy table: a row for each cell and rule, with n and 95% intervals."""
    return {"": pd.DataFrame([row for cell, statistics in merged for row in rows(cell, statistics, rules)])}


def rows(cell: Cell, statistics: Statistics, rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return the rows of one cell."""
    groups = statistics["groups"]
    n = int(groups.sum())
    answer = []
    for k, rule in enumerate(rules):
        row: dict[str, Any] = {name: cell[name] for name in SETTINGS if name in cell} | rule.to_record()
        row |= {"label": rule.label, "n": n, "n_test": statistics["wrong"].shape[-1]}
        found = estimate(statistics["wrong"][k], groups)
        for j, part in enumerate(PARTS):
            row |= {part: found.value[j], f"{part}_low": found.low[j], f"{part}_high": found.high[j]}
        low, high = wilson(int(statistics["separates"][k]), n)
        row |= {"separates": statistics["separates"][k] / n, "separates_low": low, "separates_high": high}
        answer.append(row | boundary_spread(statistics["sums"][k]))
    return answer


@checked
@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What a sweep trains: every rule on the same sets in every setting.

    Parameters
    ----------
    settings : sequence of Setting
        At least one.
    rules : sequence of Rule
        At least one, no two the same.
    resamples : int, at least 40
        Training sets for each setting.
    n_test : int, at least 10
        Test points for each setting.
    seed : int, at least 0, optional
        Draws another set of everything; by default the study's own.
    """

    settings: Sequence[Setting]
    rules: Sequence[Rule]
    resamples: int = 10_000
    n_test: int = 500
    seed: int | None = None

    def __post_init__(self) -> None:
        n_settings, n_rules = len(self.settings), len(self.rules)
        if not n_settings or not n_rules:
            raise BadInput(f"`settings` and `rules` must hold one each at least; got {n_settings} and {n_rules}")
        labels = [rule.label for rule in self.rules]
        if len(set(labels)) < len(labels):
            raise BadInput(f"`rule` must not hold the same rule twice; got {', '.join(labels)}")
        if self.seed is not None:
            count("seed", self.seed, least=0)
        count("resamples", self.resamples, least=2 * N_GROUPS)
        count("n_test", self.n_test, least=10)

    def to_record(self) -> dict[str, Any]:
        """Return what the JSON beside a table says of the sweep."""
        return {
            "resamples": self.resamples,
            "n_test": self.n_test,
            "seed": self.seed,
            "settings": [asdict(setting) for setting in self.settings],
            "rules": [rule.to_record() for rule in self.rules],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Sweep":
        """Return the sweep of a record as `to_record` gives it; what else the record holds is ignored."""
        return cls(
            settings=list(dict.fromkeys(Setting(**setting) for setting in record["settings"])),
            rules=list(dict.fromkeys(read_rule(rule) for rule in record["rules"])),
            **{name: record[name] for name in ("resamples", "n_test", "seed")},
        )

    def experiment(self, block_size: int | None = None) -> Experiment:
        """Return the experiment that computes it.

        Parameters
        ----------
        block_size : int, optional
            Resamples in a block; by default so many that a block takes about a tenth of a second.
        """
        rules, n_test = tuple(self.rules), int(self.n_test)
        if block_size is None:
            largest = max(setting.n_samples for setting in self.settings)
            block_size = max(N_GROUPS, min(20_000, 150_000 // (largest * len(rules))) // N_GROUPS * N_GROUPS)
        of_seed = {} if self.seed is None else {"seed": int(self.seed)}
        return Experiment(
            name="sweep",
            question="What are bias and variance over this grid?",
            settings={"n_test": n_test},
            cells=[asdict(setting) | of_seed for setting in self.settings],
            resamples=self.resamples,
            block_size=block_size,
            run=partial(run, rules=rules, n_test=n_test),
            merge=add_up,
            tables=partial(tables, rules=rules),
            numbers=numbers,
            kind="long",
        )


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return how many resamples stand behind the least row."""
    return {"n": int(tables[""]["n"].min())}
