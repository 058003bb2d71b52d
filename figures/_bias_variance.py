"""What the figures of bias and variance share: the setting that they draw."""

import pandas as pd

SETTING = {"generator": "boxes", "n_samples": 100, "n_features": 2, "features": "raw", "resampling": "fresh"}


def select_setting(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `SETTING`, at every share of spoilers."""
    for name, value in SETTING.items():
        rows = rows[rows[name] == value]
    return rows
