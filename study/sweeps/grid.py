"""Rules trained on the same resampled sets, over a grid of settings: what `study sweep` runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache, partial
from math import ceil, lcm
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from study.analysis.bias_variance import estimate, group_counts, group_sizes, wrong_counts
from study.analysis.boundary import boundary_spread, boundary_sums
from study.analysis.interval import wilson
from study.analysis.separation import separates
from study.checks import BadInput, checked, count
from study.datasets.dataset import Dataset, Floats
from study.datasets.resampling import left_out, take_sets
from study.sweeps.experiment import Experiment, Tables, add_up
from study.sweeps.own_estimators import Trained
from study.sweeps.parts import Frames, Part, Records, experiment, one_row
from study.sweeps.rule import Rule
from study.sweeps.rules import read_rule, table_columns
from study.sweeps.settings import SETTING_COLUMNS, PoolSetting, Setting

N_GROUPS = 20
AT_ONCE = 2**22
"""Features of training sets that are held at once: 32 MB."""
LEAST_TESTS = 40
"""How often each point of a pool has to be left out, on average: none stays in all of a half's sets then."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """The points of a table, from which a sweep draws its training sets.

    Parameters
    ----------
    points : Dataset
        One set.
    source : mapping
        What the JSON says of the table: its name, the SHA-256 of the file, and how it was read.
    """

    points: Dataset
    source: Mapping[str, Any]


def scale_features(X: Floats, features: str) -> tuple[Floats, Floats, Floats]:
    """Return training features as the rule sees them, with the centre and the unit that they were given."""
    n, _, d = X.shape
    if features == "raw":
        return X, np.zeros((n, d)), np.ones((n, d))
    centre = X.mean(axis=-2, keepdims=True)
    scaled, unit = X - centre, np.ones((n, 1, d))
    if features == "standardised":
        unit = np.sqrt((scaled * scaled).mean(axis=-2, keepdims=True))
        unit[unit == 0.0] = 1.0
        scaled /= unit
    return scaled, centre[..., 0, :], unit[..., 0, :]


def unscale(w: Floats, centre: Floats, unit: Floats) -> Floats:
    """Return weights on scaled features as weights on the features themselves."""
    with np.errstate(all="ignore"):  # of weights that have diverged
        normal = w[..., :-1] / unit
        bias = w[..., -1:] - (normal * centre).sum(axis=-1, keepdims=True)
    return np.concatenate([normal, bias], axis=-1)


@lru_cache(maxsize=8, typed=True)  # the blocks of a cell come one after another; streams tell 0 from 0.0
def prepare_cell(n_test: int, seed: int | None, **values: Any) -> tuple[Setting, dict[str, int], Dataset]:
    """Return what all blocks of a cell share: the setting, the seed as streams take it, and the test points."""
    setting, seeds = Setting(**values), {} if seed is None else {"seed": seed}
    return setting, seeds, setting.test_points(n_test, **seeds)


def train_rules(
    size: int, rng: np.random.Generator, *, rules: Sequence[Rule], n_test: int, seed: int | None = None, **values: Any
) -> Records:
    """Train all rules on the same sets, those of a setting with these values, and count."""
    setting, seeds, test = prepare_cell(n_test, seed, **values)
    train = setting.training_sets(size, rng, **seeds)
    return count_wrong(rules, [train], test, rng, features=setting.features)


def train_on_pool(
    size: int, rng: np.random.Generator, *, rules: Sequence[Rule], pool: Dataset, **values: Any
) -> Records:
    """Train all rules on the same sets of a pool, and count on the points that each set leaves out."""
    values.pop("seed", None)  # `rng` has it
    setting = PoolSetting(**values)
    rows = setting.rows(pool, size, rng, N_GROUPS)
    each = max(1, AT_ONCE // (rows.shape[-1] * pool.X.shape[-1]))
    sets = (take_sets(pool, rows[first : first + each]) for first in range(0, size, each))
    return count_wrong(rules, sets, pool, rng, features=setting.features, tested=left_out(rows, len(pool.y)))


@dataclass(kw_only=True)
class Counted:
    """What a rule made of sets: where it is wrong, or the weights that say so, and what is counted of its fits."""

    weights: list[Floats] = field(default_factory=list)
    wrong: list[NDArray[np.bool_]] = field(default_factory=list)
    separates: int = 0
    not_finite: int = 0
    warned: int = 0

    def add_weights(self, w: Floats, train: Dataset) -> None:
        """Count weights, in the users' own units, of a stack of sets."""
        self.weights.append(w)
        self.separates += int(separates(w, train.X, train.y).sum())
        self.not_finite += int((~np.isfinite(w).all(axis=-1)).sum())

    def add_fit(self, fit: Trained, X: Floats, y: Floats, Z: Floats, test: Dataset, tested: NDArray[np.bool_]) -> None:
        """Count a fit without weights, of one set, on the points Z that it is tested on; all in the set's own units."""
        values, wrong = fit.decide(X), np.zeros(len(test.y), bool)
        wrong[tested] = ~(fit.decide(Z) * test.y[tested] > 0.0)
        self.wrong.append(wrong)
        self.separates += bool((values * y > 0.0).all())
        self.not_finite += not np.isfinite(values).all()
        self.warned += fit.warned

    def counts(self, test: Dataset, tested: NDArray[np.bool_] | None) -> dict[str, Any]:
        """Return what a block keeps of it; sums of boundaries that are none where there are no weights."""
        numbers = {"separates": self.separates, "not_finite": self.not_finite, "warned": self.warned}
        if self.wrong:
            none = np.zeros(test.X.shape[-1] + 5)
            none[:2] = len(self.wrong)
            return {"wrong": group_counts(np.array(self.wrong), N_GROUPS), "sums": none, **numbers}
        w = np.concatenate(self.weights)
        finite = np.where(np.isfinite(w).all(axis=-1, keepdims=True), w, 0.0)
        return {
            "wrong": wrong_counts(w, test.X, test.y, N_GROUPS, tested),
            "sums": boundary_sums(finite),
            **numbers,
        }


def count_wrong(
    rules: Sequence[Rule],
    sets: Iterable[Dataset],
    test: Dataset,
    rng: np.random.Generator,
    *,
    features: str,
    tested: NDArray[np.bool_] | None = None,
) -> Records:
    """Train rules on stacks of sets, and count where they are wrong; `tested` as in `wrong_counts`."""
    whole, size = [Counted() for _ in rules], 0
    for train in sets:
        X, centre, unit = scale_features(train.X, features)
        of_sets = None if tested is None else tested[size : size + len(X)]
        for rule, counted in zip(rules, whole, strict=True):
            trained = rule.train(X, train.y, rng)
            if isinstance(trained, np.ndarray):
                counted.add_weights(unscale(trained, centre, unit), train)
                continue
            for s, fit in enumerate(trained):
                own = np.ones(len(test.y), bool) if of_sets is None else of_sets[s]
                counted.add_fit(fit, X[s], train.y[s], (test.X[own] - centre[s]) / unit[s], test, own)
        size += len(X)
    small = np.uint16 if size < 2**16 else np.int64
    groups = group_sizes(size, N_GROUPS) if tested is None else group_counts(tested, N_GROUPS).astype(small)
    each = [counted.counts(test, tested) for counted in whole]
    columns = {name: np.array([one[name] for one in each]) for name in each[0]}
    columns["wrong"] = columns["wrong"].astype(small)
    return {"sweep": one_row(groups=groups, **columns), "n_fits": size * len(rules)}


def tables(records: Frames, *, rules: Sequence[Rule]) -> Tables:
    """Make the tidy table: a row for each cell and rule, with n and 95% intervals."""
    return {"": pd.DataFrame([row for cell in records["sweep"].to_dict("records") for row in rows(cell, rules)])}


def rows(cell: Mapping[str, Any], rules: Sequence[Rule]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one cell, its values and its counts."""
    n, n_test = int(cell["sums"][0][0]), cell["wrong"].shape[-1]
    setting = pool_setting_of(cell) if "folds" in cell else setting_of(cell)
    weight, of_test = None, {"n_test": n_test}
    if isinstance(setting, Setting):
        weight, of_test = setting.test_weight(n_test), {**of_test, "n_test_spoilers": setting.n_test_spoilers(n_test)}
    for k, (rule, options) in enumerate(zip(rules, table_columns(rules), strict=True)):
        row: dict[str, Any] = asdict(setting) | options | {"label": rule.label, "n": n} | of_test
        row |= estimate(cell["wrong"][k], cell["groups"], weight=weight).columns()
        low, high = wilson(int(cell["separates"][k]), n)
        row |= {"separates": cell["separates"][k] / n, "separates_low": low, "separates_high": high}
        row |= {name: cell[name][k] / n for name in ("not_finite", "warned")}
        yield row | boundary_spread(cell["sums"][k])


def setting_of(cell: Mapping[str, Any]) -> Setting:
    """Return the setting of a cell that holds other values too."""
    return Setting(**{name: cell[name] for name in SETTING_COLUMNS})


def pool_setting_of(cell: Mapping[str, Any]) -> PoolSetting:
    """Return the setting of a cell that draws from a pool, and holds other values too."""
    return PoolSetting(**{column.name: cell[column.name] for column in fields(PoolSetting)})


@checked
@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What a sweep trains: every rule on the same sets in every setting.

    Parameters
    ----------
    settings : sequence of Setting or PoolSetting
        At least one; PoolSetting where there is a pool.
    rules : sequence of Rule
        At least one, no two the same.
    resamples : int, at least 40
        Training sets for each setting.
    n_test : int, at least 10
        Test points for each setting; where there are spoilers, a quarter of these are spoilers or more.
    seed : int, at least 0, optional
        Draws another set of everything; by default the study's own.
    pool : Pool, optional
        Points that training sets are drawn from, and tested on; `n_test` is their number then.
    """

    settings: Sequence[Setting | PoolSetting]
    rules: Sequence[Rule]
    resamples: Annotated[int, partial(count, least=2 * N_GROUPS)] = 10_000
    n_test: Annotated[int, partial(count, least=10)] = 500
    seed: Annotated[int, partial(count, least=0)] | None = None
    pool: Pool | None = None

    def __post_init__(self) -> None:
        n_settings, n_rules = len(self.settings), len(self.rules)
        if not n_settings or not n_rules:
            raise BadInput(f"`settings` and `rules` must hold one each at least; got {n_settings} and {n_rules}")
        labels = [rule.label for rule in self.rules]
        if len(set(labels)) < len(labels):
            raise BadInput(f"`rule` must not hold the same rule twice; got {', '.join(labels)}")
        if self.pool is not None:
            self._check_pool(self.pool.points)

    def _check_pool(self, pool: Dataset) -> None:
        """Raise `BadInput` unless the settings fit a pool, and each of its points is left out often enough."""
        if self.n_test != len(pool.y):
            raise BadInput(f"`n_test` must be {len(pool.y)}, the points of the table; got {self.n_test}")
        for setting in self.settings:
            if not isinstance(setting, PoolSetting):
                raise BadInput(f"`settings` must say how sets are drawn from a table; got {setting}")
            if setting.resampling != "bootstrap" and setting.n_samples >= len(pool.y):
                raise BadInput(
                    f"`n_samples` must be below the {len(pool.y)} points of the table; got {setting.n_samples}"
                )
        if self.resamples < self.least_resamples:
            raise BadInput(
                f"`resamples` must be at least {self.least_resamples:,}, so that each point of the table is left out "
                f"about {LEAST_TESTS} times; got {self.resamples}"
            )

    @property
    def least_resamples(self) -> int:
        """How many training sets leave each point of a pool out often enough; two a group without a pool."""
        n_test = int(self.n_test)
        shares = [setting.left_out_share(n_test) for setting in self.settings if isinstance(setting, PoolSetting)]
        return max([2 * N_GROUPS, *(ceil(LEAST_TESTS / share) for share in shares)])

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that say how its sets come about."""
        return tuple(column.name for column in fields(self.settings[0]))

    def to_record(self) -> dict[str, Any]:
        """Return what the JSON beside a table says of the sweep."""
        return {
            **({} if self.pool is None else {"table": dict(self.pool.source)}),
            "resamples": self.resamples,
            "n_test": self.n_test,
            "seed": self.seed,
            "settings": [asdict(setting) for setting in self.settings],
            "rules": [rule.to_record() for rule in self.rules],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], pool: Pool | None = None) -> "Sweep":
        """Return the sweep of a record as `to_record` gives it, with its pool; what else it holds is ignored."""
        kind: Any = Setting if pool is None else PoolSetting
        return cls(
            pool=pool,
            settings=list(dict.fromkeys(kind(**setting) for setting in record["settings"])),
            rules=list(dict.fromkeys(read_rule(rule) for rule in record["rules"])),
            **{name: record[name] for name in ("resamples", "n_test", "seed")},
        )

    def experiment(self, block_size: int | None = None) -> Experiment:
        """Return the experiment that computes it.

        Parameters
        ----------
        block_size : int, optional
            Resamples in a block; by default so many that one of compiled rules takes about a tenth of a second.
        """
        rules, n_test = tuple(self.rules), int(self.n_test)
        seeds = {} if self.seed is None else {"seed": int(self.seed)}
        run = partial(train_rules, n_test=n_test)
        if self.pool is not None:
            run = partial(train_on_pool, pool=self.pool.points)
        part = Part(run=partial(run, rules=rules), cells=[asdict(setting) | seeds for setting in self.settings])
        return experiment(
            name="sweep",
            question="What are bias and variance over this grid?",
            settings={"n_test": n_test},
            parts={"": part},
            resamples=self.resamples,
            block_size=self._usual_block() if block_size is None else block_size,
            merge=add_up,
            tables=partial(tables, rules=rules),
            numbers=numbers,
            in_processes=any(rule.in_processes for rule in rules),
            kind="long",
        )

    def _usual_block(self) -> int:
        """Return a number of resamples: short blocks would cost more to hand out than to compute."""
        d = 0 if self.pool is None else self.pool.points.X.shape[-1]
        largest = max(setting.n_samples * (d or getattr(setting, "n_features", 1)) for setting in self.settings)
        whole = lcm(*(getattr(setting, "folds", 0) or 1 for setting in self.settings)) * N_GROUPS
        most = min(min(rule.usual_block for rule in self.rules) // len(self.rules), AT_ONCE // largest)
        return max(whole, most // whole * whole)


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return how many resamples stand behind the least row."""
    return {"n": int(tables[""]["n"].min())}
