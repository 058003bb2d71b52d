"""The claim that the lecture's worked example is right."""

from study.report.claims import Claim

CLAIMS = (
    Claim(
        key="worked example",
        statement="The lecture's worked example is right to the digits that it prints.",
        source="[@rana]",
        holds=lambda results: results["worked_example"]["n_exact_agrees"] == results["worked_example"]["n"],
        condition="its own rounded numbers are carried on",
        holds_conditionally=lambda results: results["worked_example"]["n_reproduced"] == results["worked_example"]["n"],
        basis="computed",
        evidence=(
            "numbers printed: {worked_example.n}",
            "right without rounding on the way: {worked_example.n_exact_agrees}",
            "reproduced from the printed operands: {worked_example.n_reproduced}",
        ),
    ),
)
