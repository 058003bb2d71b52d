"""Claims about losses, descent without a bound, and networks."""

from collections.abc import Mapping

from study.report.claim import Claim, Evidence, Results


def _loss_separates(results: Results) -> bool:
    """Say whether the threshold loss separated at every distance tried, and clusters in 95% of sets from each start."""
    losses = results["losses"]
    starts = losses["runs"]["clusters"]["threshold_quadratic"]["unbounded"].values()
    return losses["all_found"] and all(start["separates_low"] >= 0.95 for start in starts)


def _descends_to_separators(results: Results) -> bool:
    """Say whether descent on hard targets separated at every size tried, its loss falling as 1/t within 2%."""
    unbounded = results["unbounded"]
    return unbounded["meeting_all"] and all(
        abs(rates["loss_slope"]["mean"] + 1.0) <= 0.02 for rates in unbounded["rates"].values()
    )


def _soft_separates(results: Results) -> bool:
    """Say whether descent on soft targets, without a bound, separates spoiled clusters in 95% of sets."""
    starts = results["losses"]["runs"]["clusters"]["cross_entropy"]["unbounded"].values()
    return all(start["separates_low"] >= 0.95 for start in starts)


def _bound_is_stopping(results: Results) -> bool:
    """Say whether optimum and descent of one norm stay within 5 degrees, and meet the spoiler at norms within 10%."""
    unbounded = results["unbounded"]
    ratios = [met["norm_ratio"] for met in unbounded["meeting"].values()]
    return unbounded["path"]["most_apart"] <= 5.0 and all(0.9 <= ratio <= 1.1 for ratio in ratios)


def _hidden_layers_fail(results: Results) -> bool:
    """Say whether both failures stand: the proved minimum, and the bound from which every optimum fails."""
    failures = results["hidden_failures"]
    proof = failures["proof"]
    return all(proof[key] for key in ("proved", "spoiler_lost", "lower_separates", "separable")) and all(
        rows["all_from_there"] for losses in failures["global"].values() for rows in losses.values()
    )


def _nets(results: Results, shape: str) -> list[Mapping[str, Mapping[str, float]]]:
    """Return the nets at each bound of a shape, from the tightest."""
    return list(results["networks"]["grid"][shape].values())


def _hidden_layer_saves(results: Results) -> bool:
    """Say whether sixteen hidden nodes separate in 95% of sets at every bound tried."""
    bounds = [*_nets(results, "box"), *_nets(results, "ball")]
    return all(nets["depth_1_width_16"]["lowest_separates"] >= 0.95 for nets in bounds)


def _saves_weight_by_weight(results: Results) -> bool:
    """Say whether, at the widest box, they do where the unit fails, and at no product of norms beat the unit."""
    widest = _nets(results, "box")[-1]
    return (
        widest["depth_1_width_16"]["separates_low"] >= 0.9
        and widest["depth_0_width_0"]["separates_high"] <= 0.3
        and all(
            nets["depth_1_width_16"]["separates_low"] <= nets["depth_0_width_0"]["separates_high"]
            for nets in _nets(results, "ball")
        )
    )


def _margins_alone(results: Results, widths: tuple[int, ...]) -> bool:
    """Say whether the log of the copies grows with the class's margin at a slope of 1, within 15%."""
    return all(abs(results["networks"]["law"][f"width_{width}"]["slope"] - 1.0) <= 0.15 for width in widths)


def _variance_falls(results: Results, *shapes: str) -> bool:
    """Say whether four hidden layers vary less than none at every bound of the shapes, by their intervals."""
    return all(
        nets[f"depth_4_width_{width}"]["variance_high"] < nets["depth_0_width_0"]["variance_low"]
        for shape in shapes
        for nets in _nets(results, shape)
        for width in (4, 16)
    )


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
            Evidence("worked_example", "n", "numbers printed"),
            Evidence("worked_example", "n_exact_agrees", "right without rounding on the way"),
            Evidence("worked_example", "n_reproduced", "reproduced from the printed operands"),
        ),
    ),
    Claim(
        key="threshold loss",
        statement="With a loss that is zero beyond the target, descent without a bound separates in finite time.",
        source="[@sontag1991]",
        holds=_loss_separates,
        basis="measured",
        sample=Evidence("losses", "n_clusters", "sets", ","),
        evidence=(
            Evidence("losses", "all_found", "the fourth point is met at every distance up to seven"),
            Evidence(
                "losses",
                "runs.clusters.threshold_quadratic.unbounded.zero.separates",
                "share of spoiled clusters, from zero",
                ".2f",
            ),
        ),
    ),
    Claim(
        key="finite is soon",
        statement="That time grows with the distance of the fourth point no faster than a power of it.",
        source="this study, after @sontag1991",
        holds=lambda results: results["losses"]["growth"] <= 0.5,
        basis="measured",
        evidence=(
            Evidence("losses", "growth", "growth of the log of time times squared distance, for each unit", ".2f"),
            Evidence("losses", "time.t_7.threshold_quadratic", "steps at the largest distance", ",.0f"),
            Evidence("losses", "perceptron.four", "updates of the perceptron at ten", ".0f"),
        ),
    ),
    Claim(
        key="separates in the end",
        statement="Without a bound, descent on the cross-entropy separates separable points in the end.",
        source="[@soudry2018]",
        holds=lambda results: _descends_to_separators(results) and _soft_separates(results),
        condition="the targets are zero and one",
        holds_conditionally=_descends_to_separators,
        basis="measured",
        sample=Evidence("losses", "n_clusters", "sets", ","),
        evidence=(
            Evidence("unbounded", "meeting_all", "hard targets, at every size tried"),
            Evidence("unbounded", "rates.generic.loss_slope.mean", "power of time in the loss", ".4f"),
            Evidence(
                "losses", "runs.clusters.cross_entropy.unbounded.zero.separates", "soft targets, share of sets", ".2f"
            ),
        ),
    ),
    Claim(
        key="1 / log t",
        statement="The direction of descent goes to the largest margin as fast as one over log time: its power of log "
        "time is nine tenths or more.",
        source="[@soudry2018]",
        holds=lambda results: all(
            rates["error_slope"]["low"] <= -0.9 for rates in results["unbounded"]["rates"].values()
        ),
        basis="measured",
        sample=Evidence("unbounded", "rates.generic.n", "sets", ","),
        evidence=(
            Evidence("unbounded", "rates.generic.error_slope.mean", "power of log time, generic sets", ".2f"),
            Evidence("unbounded", "rates.symmetric.error_slope.mean", "symmetric set", ".1f"),
        ),
    ),
    Claim(
        key="a bound is a time",
        statement="For the cross-entropy a bound on the norm acts like stopping descent when it reaches that norm.",
        source="folklore, and @ji2020 in the limit",
        holds=_bound_is_stopping,
        basis="measured",
        sample=Evidence("unbounded", "path.n", "norms", ","),
        evidence=(
            Evidence("unbounded", "path.most_apart", "degrees between the two, at most", ".1f"),
            Evidence("unbounded", "most_norm_ratio", "norm that meets the spoiler, over the bound that does", ".3f"),
        ),
    ),
    Claim(
        key="hidden layers fail",
        statement="Networks with hidden layers fail in the same way on separable points.",
        source="[@brady1989]",
        holds=_hidden_layers_fail,
        basis="proved, and by machine",
        evidence=(
            Evidence("hidden_failures", "proof.proved", "a strict minimum that loses the spoiler is proved"),
            Evidence("hidden_failures", "proof.loss_high", "its loss", ".5f"),
            Evidence("hidden_failures", "proof.lower_loss", "loss of weights that separate", ".0e"),
            Evidence("hidden_failures", "global.depth_1.cross_entropy.copies", "copies from which every optimum fails"),
        ),
    ),
    Claim(
        key="a hidden layer saves",
        statement="A hidden layer saves backpropagation from the spoiler.",
        source="folklore",
        holds=_hidden_layer_saves,
        condition="each weight is bounded by itself, and not when the product of the layers' norms is",
        holds_conditionally=_saves_weight_by_weight,
        basis="measured",
        sample=Evidence("networks", "n", "sets", ","),
        evidence=(
            Evidence("networks", "grid.box.R_4.depth_0_width_0.separates", "unit, box", ".2f"),
            Evidence("networks", "grid.box.R_4.depth_1_width_16.separates", "sixteen hidden nodes, box", ".2f"),
            Evidence("networks", "grid.ball.R_16.depth_0_width_0.separates", "unit, product of norms", ".2f"),
            Evidence("networks", "grid.ball.R_16.depth_1_width_16.separates", "sixteen hidden nodes", ".2f"),
        ),
    ),
    Claim(
        key="only margins enter",
        statement="The copies at which a class of networks gives the spoiler up grow as the exponential of the class's "
        "own margin.",
        source="this study",
        holds=lambda results: _margins_alone(results, (0, 1, 2)),
        condition="there is no hidden layer",
        holds_conditionally=lambda results: _margins_alone(results, (0,)),
        basis="measured",
        evidence=tuple(
            Evidence("networks", f"law.width_{width}.slope", f"slope, {name}", ".2f")
            for width, name in ((0, "no hidden layer"), (1, "one hidden node"), (2, "two"))
        ),
    ),
    Claim(
        key="variance and depth",
        statement="The variance of the prediction decreases with depth.",
        source="folklore",
        holds=lambda results: _variance_falls(results, "box", "ball"),
        condition="the product of the layers' norms is what is bounded",
        holds_conditionally=lambda results: _variance_falls(results, "ball"),
        basis="measured",
        sample=Evidence("networks", "n", "sets", ","),
        evidence=(
            Evidence("networks", "grid.box.R_4.depth_0_width_0.variance", "unit, widest box", ".3f"),
            Evidence("networks", "grid.box.R_4.depth_4_width_4.variance", "four layers of four", ".3f"),
            Evidence("networks", "grid.ball.R_64.depth_0_width_0.variance", "unit, product of norms", ".3f"),
            Evidence("networks", "grid.ball.R_64.depth_4_width_4.variance", "four layers of four", ".3f"),
        ),
    ),
)
