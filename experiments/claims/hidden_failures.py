"""The claim that hidden layers fail too."""

from study.report.claims import Claim
from study.report.numbers import lookup

PROVED = "hidden_failures.proof.proved|spoiler_lost|lower_separates|separable"
BOUND = "hidden_failures.global.*.*.all_from_there"

CLAIMS = (
    Claim(
        key="hidden layers fail",
        statement="Networks with hidden layers fail in the same way on separable points.",
        source="[@brady1989]",
        holds=lambda results: all(lookup(results, PROVED) + lookup(results, BOUND)),
        basis="proved, and by machine",
        evidence=(
            "a strict minimum that misclassifies the spoiler is proved: {hidden_failures.proof.proved}",
            "its loss: {hidden_failures.proof.loss_high:.5f}",
            "loss of weights that separate: {hidden_failures.proof.lower_loss:.0e}",
            "copies from which every optimum fails: {hidden_failures.global.depth_1.cross_entropy.copies}",
        ),
        rests="[Figure](figures/hidden_failures.svg)a, b",
    ),
)
