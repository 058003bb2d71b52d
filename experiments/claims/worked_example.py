"""The claim that the lecture's worked example is right."""

from study.report.claims import Claim
from study.report.numbers import lookup

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
            "right without rounding on the way: {worked_example.n_exact_agrees}",
            "numbers printed: {worked_example.n}",
            "reproduced from the printed operands: {worked_example.n_reproduced}",
        ),
        rests="[Figure](figures/worked_example.svg)a",
    ),
    Claim(
        key="one step",
        statement="A step along the negative gradient lowers the error of the lecture's example, at every rate.",
        source="[@rana]",
        holds=lambda results: results["worked_example"]["every_rate"]["falls"],
        condition="the rate is a hundred or less",
        holds_conditionally=lambda results: (
            max(lookup(results, "worked_example.step.rate_*.error")[1:])
            < results["worked_example"]["step"]["rate_0"]["error"]
        ),
        basis="proved by machine",
        evidence=(
            "it falls at every rate: {worked_example.every_rate.falls}",
            "error before: {worked_example.step.rate_0.error:.4f}",
            "after a step at a rate of one: {worked_example.step.rate_1.error:.4f}",
            "of a hundred: {worked_example.step.rate_100.error:.5f}",
        ),
        rests="[its section](#the-lectures-worked-example)",
    ),
)
