"""Claims about binary points."""

from study.report.claims import Claim

ONE, TWO = "binary.sets.exclusive_or.eps_0_1", "binary.sets.separable.eps_0_01"

CLAIMS = (
    Claim(
        key="few binary points",
        statement="Far fewer binary points than were known suffice, without hidden layers, for a minimum that is not "
        "the lowest: four distinct ones, and no fewer.",
        source="asked in [@sontag1989]",
        holds=lambda results: (
            results["binary"]["sets"]["exclusive_or"]["eps_0_1"]["n_bad"] > 0
            and not results["binary"]["separable"]["exclusive_or"]["separable"]
        ),
        basis="proved, by machine and by hand",
        evidence=(
            f"minima above the lowest: {{{ONE}.n_bad}}",
            f"minima: {{{ONE}.n_minima}}",
            f"their losses: {{{ONE}.lowest:.4f}}",
            f"and: {{{ONE}.bad:.4f}}",
        ),
        rests="`binary.csv`",
    ),
    Claim(
        key="few separable binary points",
        statement="Binary points that are separable may have such minima too, and misclassify a point there: five in "
        "three "
        "dimensions.",
        source="this study, after [@sontag1989; @brady1989]",
        holds=lambda results: (
            results["binary"]["sets"]["separable"]["eps_0_01"]["n_bad"] > 0
            and results["binary"]["separable"]["separable"]["separable"]
        ),
        basis="proved by machine",
        evidence=(
            f"minima above the lowest: {{{TWO}.n_bad}}",
            f"minima: {{{TWO}.n_minima}}",
            f"their losses: {{{TWO}.lowest:.5f}}",
            f"and: {{{TWO}.bad:.5f}}",
        ),
        rests="`binary.separable.csv`",
    ),
)
