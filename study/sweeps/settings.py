"""How the training sets of a sweep come about: generated, or from a table; the fields are options of the command line.

The generators are imported where they draw: `study --help` reads the options, and loads no NumPy for it.
"""

import math
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from study.checks import BadInput, NonNegative, PositiveInt, checked, count, within

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    from study.datasets.dataset import Dataset, Floats, Frame


def option(default: str | float, text: str, *, prefix: str = "", absent: str | None = None) -> Any:
    """Return a field that is an option of the command line.

    Parameters
    ----------
    default : str, int or float
    text : str
        What it is, and of which rule: the help, without capital and full stop.
    prefix : str
        Stands before the value in labels, where the value alone would say nothing; such options stand last in tables.
    absent : str, optional
        The value that says, as the empty word and zero do, that there is no such thing: labels and tables leave it out.
    """
    words = () if absent is None else (absent,)
    return field(default=default, metadata={"help": text, "prefix": prefix, "absent": words})


@checked
@dataclass(frozen=True, kw_only=True)
class Setting:
    """How training sets come about: the columns that a cell of a sweep has.

    Parameters
    ----------
    generator : {"boxes", "gaussians"}
        Where points come from.
    n_samples : int, at least 4
        Points in a training set, spoilers included.
    n_features : int, at least 1
        Features of a point.
    spoiler_rate : float in [0, 1)
        Probability of each point to be a spoiler.
    depth : float in [0, inf)
        How far spoilers lie beyond the middle of the gap, on the other class's side, in the units of X.
    offset : float in [0, inf)
        How far spoilers lie across, along the gap, in the units of X.
    features : {"raw", "centred", "standardised"}
        As they are drawn, or less their mean in each training set, or divided by their standard deviation there too.
    resampling : {"fresh", "bootstrap", "subsample"}
        A fresh set each time, or one set resampled with replacement, or halves of it without.

    Raises
    ------
    BadInput
        For a value outside its range, or spoilers that are not certain to be separable.
    """

    generator: Literal["boxes", "gaussians"] = option("boxes", "where points come from")
    n_samples: Annotated[int, partial(count, least=4)] = option(100, "points in a training set, spoilers included")
    n_features: PositiveInt = option(2, "features of a point")
    spoiler_rate: Annotated[float, within("[0, 1)")] = option(0.01, "probability of each point to be a spoiler")
    depth: NonNegative = option(0.4, "how far spoilers lie beyond the middle of the gap, on the other class's side")
    offset: NonNegative = option(0.5, "how far spoilers lie across, along the gap")
    features: Literal["raw", "centred", "standardised"] = option(
        "raw", "raw features, or centred or standardised by each training set"
    )
    resampling: Literal["fresh", "bootstrap", "subsample"] = option(
        "fresh", "fresh sets, the bootstrap of one set, or halves of one set without replacement"
    )

    def __post_init__(self) -> None:
        """Raise `BadInput` unless spoilers are certain to be separable: said of the options, which hold no jitter."""
        from study.datasets.spoilers import PLACE

        frame = _frame_of(self.generator, int(self.n_samples), int(self.n_features))
        if frame is None or not self.spoiler_rate:
            return
        in_depth, across = PLACE["jitter"]
        deepest, least = frame.margin - in_depth, frame.spread * (self.depth + in_depth) / frame.margin + across
        if self.depth >= deepest and (self.n_features == 1 or self.offset <= least):
            other = f", or `offset` above {least:g}" if self.n_features > 1 and least < math.inf else ""
            raise BadInput(
                f"not certain to be separable: `depth` must be below {deepest:g}{other}; "
                f"got {self.depth:g} and {self.offset:g}"
            )

    def draw(self, size: int, rng: "Generator") -> "Dataset":
        """Draw fresh sets."""
        from study.datasets.spoilers import PLACE, replace_by_spoilers

        base = _draw_base(self.generator, self.n_samples, self.n_features, size, rng)
        in_depth, across = PLACE["jitter"]
        place: dict[str, Any] = {"depth": self.depth, "offset": self.offset, "jitter": (in_depth, across)}
        if self.n_features == 1:
            place |= {"offset": 0.0, "jitter": (in_depth, 0.0)}
        return replace_by_spoilers(base, self.spoiler_rate, **place, rng=rng) if self.spoiler_rate else base

    def training_sets(self, size: int, rng: "Generator", **seed: int) -> "Dataset":
        """Draw the sets of one block: fresh, or from the one pool that all blocks share."""
        from study.datasets.dataset import Dataset
        from study.datasets.resampling import bootstrap, subsample
        from study.sweeps.streams import stream

        if self.resampling == "fresh":
            return self.draw(size, rng)
        shared = {name: value for name, value in asdict(self).items() if name != "features"} | seed
        whole = replace(self, n_samples=self.n_samples * (2 if self.resampling == "subsample" else 1))
        sets = whole.draw(1, stream("sweep", "pool", shared, 0))
        pool = Dataset(X=sets.X[0], y=sets.y[0], is_spoiler=sets.is_spoiler[0], name=sets.name)
        if self.resampling == "bootstrap":
            return bootstrap(pool, size, rng)
        return subsample(pool, self.n_samples, size, rng)

    def test_points(self, n_test: int, **seed: int) -> "Dataset":
        """Draw test points, the ordinary ones first; the same for all rules and training sizes.

        Where there are spoilers, a quarter of the test points or more are spoilers, so that what is said of these
        rests on many; `test_weight` gives them their share.
        """
        import numpy as np

        from study.datasets.dataset import Dataset
        from study.sweeps.streams import stream

        names = ("generator", "n_features", "spoiler_rate", "depth", "offset")
        rng = stream("sweep", "test", {name: getattr(self, name) for name in names} | seed, 0)
        plain = replace(self, n_samples=n_test, spoiler_rate=0.0).draw(1, rng)
        certain = replace(self, n_samples=8 * n_test, spoiler_rate=self.spoiler_rate and 0.5).draw(1, rng)
        n_spoilers = self.n_test_spoilers(n_test)
        rest = n_test - n_spoilers
        return Dataset(
            X=np.concatenate([plain.X[0, :rest], certain.X[0][certain.is_spoiler[0]][:n_spoilers]]),
            y=np.concatenate([plain.y[0, :rest], np.ones(n_spoilers)]),
            name="test points",
        )

    def n_test_spoilers(self, n_test: int) -> int:
        """Return how many of `n_test` test points are spoilers."""
        return round(min(max(self.spoiler_rate, 0.25), 0.75) * n_test) if self.spoiler_rate else 0

    def test_weight(self, n_test: int) -> "Floats":
        """Return what each test point counts, of shape (n_test,) and with sum 1: the spoilers their rate together."""
        import numpy as np

        n_spoilers, rate = self.n_test_spoilers(n_test), self.spoiler_rate
        each = (1.0 - rate) / (n_test - n_spoilers), rate / max(n_spoilers, 1)
        return np.repeat(each, [n_test - n_spoilers, n_spoilers])


SETTING_COLUMNS = tuple(column.name for column in fields(Setting))


@checked
@dataclass(frozen=True, kw_only=True)
class PoolSetting:
    """How training sets are drawn from a pool, the points of a table; those that a set leaves out test it.

    Parameters
    ----------
    n_samples : int, at least 4
        Points in a training set.
    features : {"raw", "centred", "standardised"}
        As in `Setting`.
    resampling : {"bootstrap", "subsample", "folds"}
        With replacement, without, or all but one fold of repeated stratified cross-validation.
    folds : int, at least 2
        Of the cross-validation; 0 for the others.
    """

    n_samples: Annotated[int, partial(count, least=4)]
    features: Literal["raw", "centred", "standardised"] = "raw"
    resampling: Literal["bootstrap", "subsample", "folds"] = "bootstrap"
    folds: Annotated[int, partial(count, least=0)] = option(
        0,
        "of a table: folds of repeated stratified cross-validation, in place of `--resampling`, or beside it "
        "where that is given",
    )

    def __post_init__(self) -> None:
        if (self.folds >= 2) != (self.resampling == "folds") or self.folds == 1:
            raise BadInput(f"`folds` must be 2 or more for folds, else 0; got {self.folds} for {self.resampling}")

    @classmethod
    def of(cls, y: "Floats", **values: Any) -> "PoolSetting":
        """Return the setting with values that fits a pool with these labels.

        By default a bootstrap is as large as the pool, and a subsample is a half of it.
        """
        if values.get("folds"):
            if "n_samples" in values:
                raise BadInput(f"`n_samples` must be left out for folds; got {values['n_samples']}")
            n_least = min(int((y > 0.0).sum()), int((y < 0.0).sum()))
            if not 2 <= values["folds"] <= n_least:
                raise BadInput(f"`folds` must lie from 2 to {n_least}, the smaller class; got {values['folds']}")
            n_tested = sum(int((y == sign).sum()) // values["folds"] for sign in (-1.0, 1.0))
            return cls(n_samples=len(y) - n_tested, resampling="folds", **values)
        usual = len(y) // 2 if values.get("resampling") == "subsample" else len(y)
        return cls(**{"n_samples": usual, **values})

    def rows(self, pool: "Dataset", size: int, rng: "Generator", n_groups: int) -> "NDArray[np.int64]":
        """Draw the rows of the pool that each of `size` sets holds; all folds of a repetition are in one group."""
        from study.datasets.resampling import bootstrap_rows, fold_rows, subsample_rows

        if self.resampling == "folds":
            return fold_rows(pool, self.folds, size, rng, n_groups)
        draw = bootstrap_rows if self.resampling == "bootstrap" else subsample_rows
        return draw(pool, self.n_samples, size, rng)

    def left_out_share(self, n_pool: int) -> float:
        """Return the probability that a set leaves a point of the pool out."""
        n = self.n_samples
        return float((1.0 - 1.0 / n_pool) ** n) if self.resampling == "bootstrap" else 1.0 - n / n_pool


def _draw_base(generator: str, n_samples: int, n_features: int, size: int, rng: "Generator") -> "Dataset":
    """Draw sets without spoilers, at the numbers that the study uses throughout."""
    import numpy as np

    from study.datasets.generators import BOX, GAUSSIAN, make_boxes, make_gaussians

    if generator == "boxes":
        return make_boxes(n_samples, n_features, **BOX, size=size, rng=rng)
    return make_gaussians(n_samples, n_features, **GAUSSIAN, normal=np.eye(n_features)[0], size=size, rng=rng)


@lru_cache(maxsize=1024)
def _frame_of(generator: str, n_samples: int, n_features: int) -> "Frame | None":
    """Return the frame that all sets of a generator have, or raise `BadInput` where there are no such sets."""
    import numpy as np

    return _draw_base(generator, n_samples, n_features, 1, np.random.default_rng(0)).frame
