"""Claims about natural data: how often points are given up there, and what that buys."""

from study.report.claims import Claim, Results

UNIT, STRICT = "penalised_unit_cross_entropy_1", "penalised_unit_cross_entropy_0_01"
BASELINES = ("perceptron_passes_100", "max_margin")
PROBLEMS = "{natural.problems} problems"
HALVES = "{natural.problems} problems, {natural.n:,} halves of each"
STRICTER = "the penalty is a hundred times that of scikit-learn"


def _often(results: Results, limit: str) -> bool:
    """Say whether the optimum at a limit gives a point up in a third of the separable problems or more."""
    natural = results["natural"]
    return bool(3 * natural["lost"][limit] >= natural["separable"])


def _mostly(results: Results, unit: str, part: str, least: float) -> bool:
    """Say whether a part is surely larger for both baselines in a share of the problems, and smaller in a twentieth."""
    for baseline in BASELINES:
        one = results["natural"]["compared"][baseline][unit][part]
        if one["larger"] < least * one["problems"] or 20 * one["smaller"] > one["problems"]:
            return False
    return True


def _larger(part: str, said: str) -> tuple[str, ...]:
    """Return as evidence in how many problems a part is larger for each baseline than for each unit."""
    return tuple(
        f"{name}'s {said}, C of {words}: {{natural.compared.{baseline}.{unit}.{part}.larger}}"
        for name, baseline in zip(("perceptron", "widest margin"), BASELINES, strict=True)
        for words, unit in (("one", UNIT), ("a hundredth", STRICT))
    )


CLAIMS = (
    Claim(
        key="often, natural data",
        statement="On natural data whose classes are separable a penalised unit gives points up often: in a third of "
        "the problems or more, at scikit-learn's default C.",
        source="this study",
        holds=lambda results: _often(results, "C_1"),
        condition=STRICTER,
        holds_conditionally=lambda results: _often(results, "C_0_01"),
        sample=PROBLEMS,
        evidence=(
            "problems with points given up at C of one: {natural.lost.C_1}",
            "separable: {natural.separable}",
            "at a hundredth: {natural.lost.C_0_01}",
            "in a box of three: {natural.lost.R_3}",
        ),
        rests="[Figure](figures/natural.svg)a",
    ),
    Claim(
        key="variance, natural data",
        statement="On natural data a penalised unit has less variance than the perceptron and than the widest margin: "
        "significantly in two thirds of the problems or more, and significantly more in a twentieth at most.",
        source="this study, after [@rana]",
        holds=lambda results: _mostly(results, UNIT, "variance", 2 / 3),
        condition=STRICTER,
        holds_conditionally=lambda results: _mostly(results, STRICT, "variance", 2 / 3),
        sample=HALVES,
        evidence=_larger("variance", "significantly larger"),
        rests="[Figure](figures/natural.svg)c",
    ),
    Claim(
        key="error, natural data",
        statement="On natural data preferring consistency often gives a better classifier: a penalised unit errs "
        "significantly "
        "less than the perceptron and than the widest margin in a third of the problems or more, and more in a "
        "twentieth at most.",
        source="this study, after [@raj2026]",
        holds=lambda results: _mostly(results, UNIT, "error", 1 / 3),
        condition=STRICTER,
        holds_conditionally=lambda results: _mostly(results, STRICT, "error", 1 / 3),
        sample=HALVES,
        evidence=_larger("error", "error significantly larger"),
        rests="[Figure](figures/natural.svg)d",
    ),
    Claim(
        key="the law, natural data",
        statement="On natural data the law gives, within a factor of two, the bound from which a unit keeps the last "
        "point that it gives up, in four of five separable problems.",
        source="this study",
        holds=lambda results: bool(
            5 * results["natural"]["law"]["within"] >= 4 * results["natural"]["law"]["problems"]
        ),
        sample=PROBLEMS,
        evidence=(
            "problems within a factor of two: {natural.law.within}",
            "problems where it names a bound for that point: {natural.law.problems}",
            "measured over predicted, median: {natural.law.ratio:.2f}",
        ),
        rests="[Figure](figures/natural.svg)b",
    ),
)
