"""Claims decided by proofs: minima, basins, and the law of the ignored spoiler."""

from study.report.claim import Claim, Evidence, Results


def _bound_decides(results: Results) -> bool:
    """Say whether, for both losses and all numbers of base points, separating is a matter of how wide the bound is.

    At the tightest bound the optimum fails from a hundred points on; for each number it separates from some bound on.
    """
    return all(
        results["phase_diagram"][loss]["separates_at_widest"]
        and results["phase_diagram"][loss]["fails_at_tightest"]
        and results["phase_diagram"][loss]["monotone_in_bound"]
        and results["phase_diagram"][loss]["undecided"] == 0
        for loss in ("cross_entropy", "quadratic")
    )


def _exponential(results: Results) -> bool:
    """Say whether certified verdicts put ln N* within a twentieth of the law wherever it is resolved."""
    both = [results["phase_diagram"][loss] for loss in ("cross_entropy", "quadratic")]
    return all(one["brackets_accepted"] == one["n_brackets"] >= 20 and one["worst"] <= 0.05 for one in both)


def _unique_failing(results: Results) -> bool:
    """Say whether, proved, one stationary point is left in all of space, for all larger m too, and it fails."""
    unique = results["unique_minimum"]
    hundred = unique["at"]["m_100"]
    alone = hundred["n_stationary"] == hundred["n_minima"] == 1 and "separating" not in hundred
    return alone and unique["unique_failing"]["ever_after"] and hundred["failing"]["loss"] < hundred["loss_at_infinity"]


def _stuck_least(results: Results, warm: bool) -> float:
    """Return the least share that loses the fourth point, quadratic loss: of warm starts, or, by interval, of drawn."""
    stuck = results["basins"]["warm" if warm else "starts"]
    shares = [share for name, share in stuck.items() if name.startswith("quadratic")]
    return float(min(shares if warm else (spread["low"] for share in shares for spread in share.values())))


CLAIMS = (
    Claim(
        key="unique minimum",
        statement="There are separable points on which the quadratic loss, its weights unbounded, has one minimum, "
        "and it fails to separate.",
        source="[@brady1989]",
        holds=_unique_failing,
        basis="proved by machine",
        evidence=(
            Evidence("unique_minimum", "n_certificates", "proofs accepted"),
            Evidence("unique_minimum", "at.m_100.n_stationary", "stationary points at a hundred copies"),
            Evidence("unique_minimum", "at.m_100.failing.loss", "loss there", ".4f"),
            Evidence("unique_minimum", "at.m_100.loss_at_infinity", "loss far out, at least", ".3f"),
        ),
    ),
    Claim(
        key="nearly always stuck",
        statement="On the four points backpropagation with the quadratic loss loses the fourth nearly all the time: in "
        "nineteen of twenty runs or more.",
        source="folklore, after @brady1989",
        holds=lambda results: min(_stuck_least(results, True), _stuck_least(results, False)) >= 0.95,
        condition="training goes on from the optimum of the other three",
        holds_conditionally=lambda results: _stuck_least(results, True) >= 0.95,
        basis="measured",
        sample=Evidence("basins", "starts.quadratic_t_10.s_1.n", "starts", ","),
        evidence=(
            Evidence("basins", "warm.quadratic_t_10", "from that optimum, distance ten", ".2f"),
            Evidence("basins", "starts.quadratic_t_10.s_1.stuck", "from starts of spread one", ".3f"),
            Evidence("basins", "starts.quadratic_t_10.s_0_01.stuck", "from small starts", ".2f"),
        ),
    ),
    Claim(
        key="likely to fail",
        statement="On the four points descent from random starts is likely to lose the fourth: more often than not.",
        source="our reading of @brady1989",
        holds=lambda results: _stuck_least(results, False) >= 0.5,
        condition="the starts are wide and the fourth point is far",
        holds_conditionally=lambda results: results["basins"]["starts"]["quadratic_t_100"]["s_1"]["low"] >= 0.5,
        basis="measured",
        sample=Evidence("basins", "starts.quadratic_t_10.s_1.n", "starts", ","),
        evidence=(
            Evidence("basins", "starts.quadratic_t_5.s_1.stuck", "spread one, distance five", ".3f"),
            Evidence("basins", "starts.quadratic_t_100.s_1.stuck", "distance a hundred", ".3f"),
            Evidence("basins", "starts.quadratic_t_100.s_0_01.stuck", "small starts, distance a hundred", ".2f"),
        ),
    ),
    Claim(
        key="the bound",
        statement="It is the bound on the weights that makes the unit give a spoiler up, where targets are hard: for "
        "every number of base points tried the optimum separates once the bound is wide enough, and at each wider one.",
        source="[@rana]",
        holds=_bound_decides,
        basis="proved by machine",
        sample=Evidence("phase_diagram", "cells", "cells", ","),
        evidence=(
            Evidence("phase_diagram", "most_base", "most base points", ",.0f"),
            Evidence("phase_diagram", "cross_entropy.separates_at_widest", "all separate at the widest, cross-entropy"),
            Evidence("phase_diagram", "quadratic.separates_at_widest", "quadratic loss"),
            Evidence("phase_diagram", "cross_entropy.monotone_in_bound", "never again lost, cross-entropy"),
            Evidence("phase_diagram", "quadratic.monotone_in_bound", "quadratic loss"),
        ),
    ),
    Claim(
        key="the law",
        statement="In a box, one spoiler is given up once the base points outnumber a constant times "
        "$e^{\\gamma_0 R}$ with the cross-entropy, $e^{2 \\gamma_0 R}$ with the quadratic loss.",
        source="this study",
        holds=_exponential,
        basis="proved, and by machine",
        evidence=(
            Evidence("phase_diagram", "cross_entropy.brackets_accepted", "accepted beside the law, cross-entropy"),
            Evidence("phase_diagram", "cross_entropy.n_brackets", "tried"),
            Evidence("phase_diagram", "quadratic.brackets_accepted", "quadratic loss"),
            Evidence("phase_diagram", "quadratic.n_brackets", "tried"),
        ),
    ),
)
