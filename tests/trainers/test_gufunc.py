import numpy as np

from study.trainers.gufunc import gufunc


def test_a_loop_that_cannot_be_kept_on_disk_compiles_all_the_same() -> None:
    names: dict[str, object] = {}
    exec("def total(x, out):\n    out[0] = x.sum()", names)  # noqa: S102 (no file, hence no place for a cache)
    total = gufunc("void(float64[:], float64[:])", "(n)->()")(names["total"])  # type: ignore[arg-type]
    assert total(np.arange(6.0).reshape(2, 3)).tolist() == [3.0, 12.0]
