"""The claim that backpropagation is highly parallel."""

from study.report.claims import Claim, Results, at_least


def _parallel(results: Results) -> bool:
    """Say whether a stack takes half of a loop over samples or less, and two threads 0.7 of one thread's time."""
    return at_least(results, "bench.parallel.stacked.*", 2.0) and at_least(results, "bench.parallel.threads.*", 1.4)


CLAIMS = (
    Claim(
        key="highly parallel",
        statement="Backpropagation is highly parallel: the passes over all samples at once take half of the time of "
        "a loop over them or less, and two threads take seven tenths of the time of one.",
        source="[@rana]",
        holds=_parallel,
        condition="samples are stacked, on one thread",
        holds_conditionally=lambda results: at_least(results, "bench.parallel.stacked.*", 2.0),
        sample="{bench.declaration.repeats} runs of one machine",
        evidence=(
            "time of one thread over that of two, two layers of sixty-four: {bench.parallel.threads.net_64_64_10:.2f}",
            "sixteen hidden nodes: {bench.parallel.threads.net_16:.2f}",
            "loop over stack, two layers of sixty-four: {bench.parallel.stacked.net_64_64_10:.0f}",
            "sixteen hidden nodes: {bench.parallel.stacked.net_16:.0f}",
        ),
        rests="`bench.csv`",
    ),
)
