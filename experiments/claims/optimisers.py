"""Claims about the optimisers of today: which of the laws they keep to."""

from study.report.claims import Claim, Results, at_least, at_most
from study.report.numbers import lookup

NETS = "optimisers.nets"


def _follows(results: Results) -> bool:
    """Say whether descent and momentum take the flow's time, on ten sets each or more: within 2% and 5%."""
    time = results["optimisers"]["time"]
    within = {"descent": 0.02, "momentum": 0.05}
    return all(time[rule]["n"] >= 10 and time[rule]["worst"] <= most for rule, most in within.items())


def _remembers(results: Results) -> bool:
    """Say whether Adam's steps grow by 2 / ln(1 / beta_2) for each unit of ln M + ln ln M: within a tenth."""
    return (
        at_least(results, "optimisers.adam.n", 20)
        and at_least(results, "optimisers.adam.least", 0.9)
        and at_most(results, "optimisers.adam.most", 1.1)
    )


def _boxed(results: Results) -> bool:
    """Say whether AdamW's threshold is that of the box of one over its decay: ln M* within a twentieth."""
    adamw = results["optimisers"]["adamw"]
    return bool(adamw["n"] >= 12 and adamw["worst"] <= 0.05 and adamw["monotone"] and adamw["largest"] <= 1.01)


def _early(results: Results) -> bool:
    """Say whether Adam keeps the spoiler of a hundred points in more sets than descent does, for every hidden net."""
    kept = {rule: lookup(results, f"{NETS}.net_[!u]*.*.n_100.{rule}.kept") for rule in ("adam", "descent")}
    return all(one > other for one, other in zip(kept["adam"], kept["descent"], strict=True))


def _limited(results: Results) -> bool:
    """Say whether, with sixteen ReLU nodes among a hundred points, each limit decides under each optimiser.

    The tightest keeps the spoiler in a tenth of the sets at most, the loosest in half of them at least.
    """
    return at_most(results, "optimisers.ends.tightest", 0.1) and at_least(results, "optimisers.ends.loosest", 0.5)


def _shaped(results: Results) -> bool:
    """Say whether sixteen nodes of any activation keep the spoiler under Adam in most sets of each geometry, surely."""
    return at_least(results, "optimisers.least_shape.kept_low", 0.5)


def _classes(results: Results, rule: str) -> bool:
    """Say whether twenty sets or more all keep the spoiler a tenth below ln M* and give it up a tenth above."""
    classes = f"optimisers.classes.{rule}"
    right = [lookup(results, f"{classes}.{key}") for key in ("kept_below", "lost_above")]
    return at_least(results, f"{classes}.n", 20) and min(map(min, right)) >= 1.0


CLAIMS = (
    Claim(
        key="momentum follows the flow",
        statement="On whole sets descent and momentum get the spoiler right after the time of the gradient flow, "
        "where a step counts as its rate over one minus the momentum.",
        source="this study",
        holds=_follows,
        basis="measured",
        evidence=(
            "largest difference as a share, momentum: {optimisers.time.momentum.worst:.1e}",
            "largest difference as a share, descent: {optimisers.time.descent.worst:.1e}",
        ),
        rests="[Figure](figures/optimisers.svg)a",
    ),
    Claim(
        key="Adam's clock is its memory",
        statement="Adam at a large rate gets the spoiler right after a number of steps that grows with $\\ln M$ and "
        "not with $M$, at $2 / \\ln(1/\\beta_2)$ steps for each unit of $\\ln M + \\ln \\ln M$.",
        source="this study",
        holds=_remembers,
        basis="derived; measured",
        evidence=(
            "largest slope over that: {optimisers.adam.most:.2f}",
            "least slope over that: {optimisers.adam.least:.2f}",
        ),
        rests="[Figure](figures/optimisers.svg)b",
    ),
    Claim(
        key="AdamW is a box",
        statement="The spoiler that AdamW gives up is the one that the box of bound one over its decay gives up.",
        source="[@xie2024]; this study",
        holds=_boxed,
        basis="measured",
        evidence=("largest error of $\\ln M^*$: {optimisers.adamw.worst:.3f}",),
        rests="[Figure](figures/optimisers.svg)c",
    ),
    Claim(
        key="Adam keeps more",
        statement="Within a budget of passes Adam keeps the spoiler in more sets than plain descent, in every network "
        "with hidden nodes.",
        source="this study",
        holds=_early,
        basis="measured",
        sample="{optimisers.nets.net_16.relu.n_100.adam.n} sets a network",
        evidence=(
            "kept by descent, sixteen ReLU nodes: {optimisers.nets.net_16.relu.n_100.descent.kept:.0%}",
            "sixteen ReLU nodes, Adam: {optimisers.nets.net_16.relu.n_100.adam.kept:.0%}",
        ),
        rests="[Figure](figures/optimisers.svg)e",
    ),
    Claim(
        key="limits before optimisers",
        statement="The limit decides whether a network keeps the spoiler, not the optimiser: under each of four "
        "the tightest limit on passes, weights and decay keeps it in a tenth of the sets at most, the loosest in half.",
        source="this study",
        holds=_limited,
        basis="measured",
        sample="{optimisers.ends.n} sets a rule and limit",
        evidence=(
            "least share kept at the loosest: {optimisers.ends.loosest:.0%}",
            "largest share kept at the tightest: {optimisers.ends.tightest:.0%}",
        ),
        rests="[Figure](figures/optimiser_limits.svg)a, b, c",
    ),
    Claim(
        key="networks in four geometries",
        statement="Sixteen hidden nodes of any activation keep the spoiler under Adam in most sets, in each of four "
        "geometries.",
        source="this study",
        holds=_shaped,
        basis="measured",
        sample="{optimisers.least_shape.n} sets a geometry and activation",
        evidence=("least share kept: {optimisers.least_shape.kept:.0%}",),
        rests="[Figure](figures/optimiser_limits.svg)e",
    ),
    Claim(
        key="several classes",
        statement="With three classes and a softmax the law is the same, each sample a base point for "
        "every other class: the box keeps the spoiler a tenth below $\\ln M^*$ and gives it up a tenth above, always.",
        source="this study",
        holds=lambda results: _classes(results, "box_*"),
        condition="the bound is six",
        holds_conditionally=lambda results: _classes(results, "box_6"),
        basis="measured",
        sample="{optimisers.classes.box_3.n} sets",
        evidence=(
            "share of sets that give it up a tenth above, bound three: {optimisers.classes.box_3.lost_above:.0%}",
            "keep it a tenth below: {optimisers.classes.box_3.kept_below:.0%}",
            "give it up above, bound six: {optimisers.classes.box_6.lost_above:.0%}",
            "keep it below: {optimisers.classes.box_6.kept_below:.0%}",
        ),
        rests="[Figure](figures/optimisers.svg)d",
    ),
    Claim(
        key="AdamW, several classes",
        statement="With three classes too the spoiler that AdamW gives up is that which the box of one over its decay "
        "gives up, once it has come to rest.",
        source="this study",
        holds=lambda results: _classes(results, "adamw"),
        basis="measured",
        sample="{optimisers.classes.adamw.n} sets",
        evidence=(
            "share of sets that give it up a tenth above the box's law: {optimisers.classes.adamw.lost_above:.0%}",
            "keep it a tenth below: {optimisers.classes.adamw.kept_below:.0%}",
        ),
        rests="[Figure](figures/optimisers.svg)d",
    ),
)
