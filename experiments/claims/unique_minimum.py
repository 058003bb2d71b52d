"""The claim that a minimum which fails may be the only one."""

from study.report.claims import Claim, Results


def _unique_failing(results: Results) -> bool:
    """Say whether, proved, one stationary point is left in all of space, for all larger m too, and it fails."""
    unique = results["unique_minimum"]
    hundred = unique["at"]["m_100"]
    alone = hundred["n_stationary"] == hundred["n_minima"] == 1 and "separating" not in hundred
    return alone and unique["unique_failing"]["ever_after"] and hundred["failing"]["loss"] < hundred["loss_at_infinity"]


CLAIMS = (
    Claim(
        key="unique minimum",
        statement="There are separable points on which the quadratic loss, its weights unbounded, has one minimum, "
        "and it fails to separate.",
        source="[@brady1989]",
        holds=_unique_failing,
        basis="proved by machine",
        evidence=(
            "stationary points at a hundred copies: {unique_minimum.at.m_100.n_stationary}",
            "proofs accepted: {unique_minimum.n_certificates}",
            "loss there: {unique_minimum.at.m_100.failing.loss:.4f}",
            "loss far out, at least: {unique_minimum.at.m_100.loss_at_infinity:.3f}",
        ),
        rests="[Figure](figures/unique_minimum.svg)d",
    ),
)
