"""The checker's own arithmetic is right, and it refuses what does not prove its claim, with the reason."""

import json
import math
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx

from study.certificates import balls
from study.certificates.balls import BallProblem, cells
from study.certificates.checker import check
from study.certificates.enclosure import Enclosure
from study.certificates.problem import problem_of
from study.certificates.reading import Refused
from study.certificates.search import verdict
from study.certificates.stationary import stationary_points
from study.datasets.published import four_points
from study.trainers.losses import LOSSES, loss_of_margin
from tests.certificates.test_search import CROWD, crowd
from tests.certificates.test_stationary import SPOILT
from tests.conftest import ROOT

FOUR = four_points(10.0)


def proof_of(text: str | None) -> dict[str, Any]:
    assert text is not None
    proof: dict[str, Any] = json.loads(text)
    return proof


@pytest.fixture(scope="module")
def tree() -> dict[str, Any]:
    return proof_of(crowd("quadratic", 4.0, 30.0).certificate)


@pytest.fixture(scope="module")
def plane() -> dict[str, Any]:
    return proof_of(crowd("quadratic", 4.0, 200.0).certificate)


@pytest.fixture(scope="module")
def optimum() -> dict[str, Any]:
    return proof_of(crowd("cross-entropy", 4.0, 1000.0).certificate)


@pytest.fixture(scope="module")
def listed() -> dict[str, Any]:
    found = stationary_points(*SPOILT, eps=0.1, sample_weight=[20, 20, 1], weight_bound=6.0, everywhere=True)
    return proof_of(found.certificate)


@pytest.fixture(scope="module")
def penalised() -> dict[str, Any]:
    weight = [*[np.exp(22.5)] * 8, 1.0]
    return proof_of(verdict(*CROWD, sample_weight=weight, C=160.0, bias="free").certificate)


def problem(loss: str, eps: float) -> BallProblem:
    return BallProblem([[0.0], [1.0]], [-1, 1], [1.0, 2.0], loss, eps, 3.0)


@pytest.mark.parametrize("eps", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("loss", LOSSES)
def test_balls_hold_the_losses_and_their_bounds(loss: Any, eps: float) -> None:
    rng = np.random.default_rng(0)
    with ctx.workprec(128):
        balls = problem(loss, eps)
        code = problem_of([[0.0], [1.0]], [-1, 1], loss, eps, None, 3.0).code
        assert [float(x) for x in (balls.low, balls.high, balls.target)] == pytest.approx(
            [x if math.isfinite(x) else math.copysign(2.0**400, x) for x in code[2:]]
        )
        for a, b in np.sort(rng.normal(scale=4.0, size=(60, 2)), axis=1).tolist():
            m = np.linspace(a, b, 201)
            value, slope, curvature = loss_of_margin(loss, m, eps)
            assert float(balls.value(arb(a))) == pytest.approx(value[0], rel=1e-12)
            assert float(balls.slope(arb(a))) == pytest.approx(slope[0], rel=1e-12, abs=1e-18)
            if loss != "threshold-quadratic":
                second, third = balls.curvature(arb(a))
                assert float(second) == pytest.approx(curvature[0], rel=1e-9, abs=1e-15)
                step = 1e-4
                around = loss_of_margin(loss, np.array([a - step, a + step]), eps)[2]
                assert float(third) == pytest.approx((around[1] - around[0]) / (2 * step), rel=1e-4, abs=1e-7)
            low, high = (float(s) for s in balls.slopes(arb(a), arb(b)))
            assert low - 1e-15 <= slope.min()
            assert slope.max() <= high + 1e-15
            assert float(balls.least(arb(a), arb(b))) <= value.min() + 1e-15
            c, s = (float(x) for x in balls.minorant(arb(a), arb(b)))
            assert (c + s * m <= value + 1e-13).all()


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_balls_hold_the_penalty_and_its_bounds(bias: str) -> None:
    rng, counted = np.random.default_rng(0), np.array([1.0, bias == "penalised"])
    with ctx.workprec(128):
        balls = BallProblem([[0.0], [1.0]], [-1, 1], [1.0, 2.0], "cross-entropy", 0.0, None, 3.0, bias)
        for centre, half in zip(rng.normal(size=(40, 2)), rng.uniform(size=(40, 2)), strict=True):
            A, G, least = balls.penalty_on([arb(x) for x in centre], [arb(x) for x in half])
            w = centre + half * rng.uniform(-1.0, 1.0, (200, 2))
            penalty = (counted * w**2).sum(axis=1) / 2.0
            assert (float(A) + w @ [float(g) for g in G] <= penalty + 1e-15).all()
            assert float(least) <= penalty.min() + 1e-15
            assert float(A) + centre @ [float(g) for g in G] == pytest.approx((counted * centre**2).sum() / 2.0)
            point = [arb(x) for x in centre]
            gradient, hessian = balls.gradient(point), balls.hessian(point, [0, 1])
            free = BallProblem([[0.0], [1.0]], [-1, 1], [3.0, 6.0], "cross-entropy", 0.0, 9.0)
            own = [float(a - b) for a, b in zip(gradient, free.gradient(point), strict=True)]
            assert own == pytest.approx(counted * centre)
            bent = hessian - free.hessian(point, [0, 1])
            assert [float(x) for x in bent.entries()] == pytest.approx(np.diag(counted).ravel())
            assert float(balls.total(point) - free.total(point)) == pytest.approx((counted * centre**2).sum() / 2.0)


def test_leaves_cover_the_box_exactly_once() -> None:
    leaves = [([float(x) for x in c], s) for c, s in cells(2, arb(3), "01.1..0..")]
    assert sum(0.5 ** sum(splits) for _, splits in leaves) == 1.0
    assert leaves[0] == ([-1.5, -1.5], (1, 1))
    for w in np.random.default_rng(0).uniform(-3, 3, (200, 2)):
        holds = [np.abs(w - c) <= 3.0 * 0.5 ** np.array(s) for c, s in leaves]
        assert sum(hold.all() for hold in holds) == 1


@pytest.mark.parametrize("kind", ["tree", "plane", "optimum", "listed", "penalised"])
def test_true_proofs_are_accepted_and_each_needs_all_its_fields(kind: str, request: pytest.FixtureRequest) -> None:
    proof = request.getfixturevalue(kind)
    check(json.dumps(proof))
    check(json.dumps(proof, indent=3))
    for field in proof:
        with pytest.raises(Refused, match=r"fields|kind"):
            check(json.dumps({name: value for name, value in proof.items() if name != field}))
    with pytest.raises(Refused, match="fields"):
        check(json.dumps({**proof, "note": "trust me"}))
    text = json.dumps(proof)
    for size in range(0, len(text), max(1, len(text) // 60)):
        with pytest.raises(Refused):
            check(text[:size])


VERDICT_FAULTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"claim": "fails"}, "not certain"),
    ({"claim": "wins"}, "`claim` must be"),
    ({"judged": []}, "`judged` must name"),
    ({"judged": [0, 0]}, "each once"),
    ({"judged": [9]}, "name points"),
    ({"judged": [True]}, "name points"),
    ({"weight": [30.0 / 8] * 8 + [0.0]}, "must be positive"),
    ({"weight": [30.0 / 8] * 8 + [1e301]}, "at most"),
    ({"weight": [30.0 / 8] * 8}, "9 entries"),
    ({"weight_bound": 0.0}, "must be positive"),
    ({"weight_bound": -4.0}, "must be positive"),
    ({"weight_bound": 3.0}, "outside the box"),
    ({"weight_bound": 1e30}, "not excluded"),
    ({"eps": 0.5}, "`eps` must lie"),
    ({"eps": -0.1}, "`eps` must lie"),
    ({"eps": "0"}, "numbers"),
    ({"eps": None}, "numbers"),
    ({"eps": True}, "numbers"),
    ({"loss": "hinge"}, "`loss` must be"),
    ({"w": [4.0, 2.0]}, "3 entries"),
    ({"w": [0.0, 0.0, 0.0]}, "not certain"),
    ({"w": [5.0, 0.0, 0.0]}, "outside the box"),
    ({"X": []}, "must be a table"),
    ({"X": [[]] * 9}, "must be a table"),
    ({"X": [[1.0, 2.0]] * 8 + [[1.0]]}, "must be a table"),
    ({"X": "points"}, "must be a list"),
    ({"y": [1] * 8 + [2]}, "`y` must hold"),
    ({"y": [1.0] * 9}, "`y` must hold"),
    ({"evidence": {}}, "`evidence` must hold"),
    ({"evidence": {"tree": ".", "plane": {}}}, "`evidence` must hold"),
    ({"evidence": {"oath": "."}}, "`evidence` must hold"),
    ({"evidence": {"tree": "."}}, "is not excluded"),
    ({"evidence": {"tree": ""}}, "ends early"),
    ({"evidence": {"tree": "3.."}}, "unknown mark"),
    ({"evidence": {"tree": "x"}}, "unknown mark"),
    ({"evidence": {"tree": ["."]}}, "must be a string"),
    ({"evidence": {"tree": "0" * 300}}, "too deep"),
    ({"evidence": {"plane": {}}}, "a plane proves failure only"),
    ({"evidence": {"optimum": {}}}, "only the cross-entropy"),
    ({"kind": "oracle"}, "`kind` must be"),
    ({"kind": ["verdict"]}, "`kind` must be"),
)


@pytest.mark.parametrize(("change", "reason"), VERDICT_FAULTS)
def test_a_tampered_tree_is_refused(change: dict[str, Any], reason: str, tree: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=reason):
        check(json.dumps({**tree, **change}))


def test_a_tree_one_cell_too_coarse_is_refused(tree: dict[str, Any]) -> None:
    marks = tree["evidence"]["tree"]
    for text, reason in ((f"{marks}.", "goes on after its end"), (marks[:-1], "ends early")):
        with pytest.raises(Refused, match=reason):
            check(json.dumps({**tree, "evidence": {"tree": text}}))
    pairs = [i for i in range(len(marks) - 2) if marks[i] != "." and marks[i + 1 : i + 3] == ".."]
    for i in pairs:
        with pytest.raises(Refused, match="is not excluded"):
            check(json.dumps({**tree, "evidence": {"tree": marks[:i] + "." + marks[i + 3 :]}}))


def test_a_tampered_plane_is_refused(plane: dict[str, Any]) -> None:
    good = plane["evidence"]["plane"]
    faults: tuple[tuple[dict[str, Any], str], ...] = (
        ({"multipliers": []}, "not above"),
        ({"multipliers": [[i, -m] for i, m in good["multipliers"]]}, "at least 0"),
        ({"multipliers": [[i, 2 * m] for i, m in good["multipliers"]]}, "not above"),
        ({"multipliers": [[8]]}, "2 entries"),
        ({"w": [-4.0, 0.0, 0.0]}, "not convex"),
    )
    for change, reason in faults:
        with pytest.raises(Refused, match=reason):
            check(json.dumps({**plane, "evidence": {"plane": {**good, **change}}}))
    with pytest.raises(Refused, match="soft targets"):
        check(json.dumps({**plane, "eps": 0.1}))
    with pytest.raises(Refused, match="separators of all points only"):
        check(json.dumps({**plane, "judged": [8]}))


CORNER = {
    "kind": "stationary",
    **{"X": [[1.0], [2.0], [-2.0]], "y": [-1, -1, 1], "weight": [1.0, 1.0, 1.0], "loss": "cross-entropy", "eps": 0.1},
    **{"weight_bound": 0.1, "everywhere": False, "directions": [["1", "0"], ["0", "1"]], "tree": "01..1.."},
    "points": [
        {"w": [-0.1, -0.1], "face": "--", "radius": 0.1, "alone_radius": 0.1, "kind": "minimum"}
        | {"separates": True, "loss": [1.5, 2.0]}
    ],
}
TRIANGLE = {"kind": "separability", "X": [[0.0], [1.0], [2.0]], "y": [1, -1, 1], "claim": "not separable"}
LONG = "1" + "0" * 3990


@pytest.mark.parametrize(
    ("honest", "change"),
    [
        (CORNER, {"directions": [], "tree": "01" + "0" * 100 + "." * 101}),  # all leaves in the corner's own box
        (CORNER, {"directions": [["1", "1"]] * 300}),
        (CORNER, {"directions": [[f"1/{LONG}1", f"1/{LONG}3"]] * 9}),
        (CORNER, {"X": [[1.0]] * 100, "y": [-1] * 100, "weight": [1.0] * 100}),
        (
            TRIANGLE | {"evidence": [[0, "1/2"], [1, "1"], [2, "1/2"]]},
            {"evidence": [[i % 3, f"1/{LONG}{i}"] for i in range(9)]},
        ),
    ],
)
def test_work_is_counted_while_it_is_done(honest: Any, change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balls, "MOST_WORK", 1000)
    check(json.dumps(honest))
    with pytest.raises(Refused, match="more work"):
        check(json.dumps({**honest, **change}))


def test_a_tampered_optimum_is_refused(optimum: dict[str, Any]) -> None:
    good = optimum["evidence"]["optimum"]
    faults: tuple[tuple[dict[str, Any], str], ...] = (
        ({"w": [x + 1e-3 for x in good["w"]]}, "no stationary point"),
        ({"radius": 0.0}, "`radius` must be positive"),
        ({"radius": 1e-40}, "no stationary point"),
        ({"radius": 10.0}, "leaves its face"),
        ({"face": "000"}, "no stationary point|leaves its face"),
        ({"face": "-00"}, "no stationary point|does not push"),
        ({"face": "+0"}, "`face` must hold"),
        ({"face": "+0x"}, "`face` must hold"),
    )
    for change, reason in faults:
        with pytest.raises(Refused, match=reason):
            check(json.dumps({**optimum, "evidence": {"optimum": {**good, **change}}}))


@pytest.mark.parametrize("bias", ["penalised", "free"])
def test_the_box_of_a_penalty_must_hold_all_weights_as_good_as_the_witness(bias: Any) -> None:
    answer = verdict(*CROWD, loss="quadratic", sample_weight=[*[2.5] * 8, 1.0], C=10.0, bias=bias)
    proof = proof_of(answer.certificate)
    evidence, least = proof["evidence"], math.sqrt(2.0 * answer.loss_value)
    boxes = [(0.99 * least, "as good as"), (-100.0, "as good as"), (1e3, "not excluded")]
    if bias == "free":  # it alone may lead farther out
        boxes.append((1.01 * least, "as good as"))
    for box, reason in boxes:
        with pytest.raises(Refused, match=reason):
            check(json.dumps({**proof, "evidence": {**evidence, "box": box}}))
    for change, reason in (({"C": 1e4}, "outside the box"), ({"weight": [2.5] * 9}, "excluded|certain|outside")):
        with pytest.raises(Refused, match=reason):
            check(json.dumps({**proof, **change}))


def test_a_free_bias_that_loses_the_smaller_class_may_be_as_good_as_the_witness() -> None:
    unit: dict[str, Any] = {"loss": "quadratic", "sample_weight": [100.0, 1.0], "C": 0.01}
    proof = proof_of(verdict([[0.0], [1.0]], [-1, 1], **unit).certificate)
    assert abs(proof["w"][1]) < 4.7 < proof["evidence"]["box"]
    with pytest.raises(Refused, match="as good as the witness"):
        check(json.dumps({**proof, "evidence": {**proof["evidence"], "box": 4.7}}))


def test_a_tampered_proof_of_a_penalty_is_refused(penalised: dict[str, Any], tree: dict[str, Any]) -> None:
    good = penalised["evidence"]["optimum"]
    faults: tuple[tuple[dict[str, Any], str], ...] = (
        ({"C": 161.0}, "no stationary point"),
        ({"C": 0.0}, "`C` must be positive"),
        ({"bias": "penalised"}, "no stationary point"),
        ({"bias": "none"}, "`bias` must be free or penalised"),
        ({"claim": "fails"}, "that the witness fails is not certain"),
        ({"weight": [2e300] * 9}, "`weight` must hold numbers of at most 1e.300"),
        ({"loss": "quadratic"}, "only the cross-entropy has one optimum"),
        ({"evidence": tree["evidence"]}, "the fields must be tree, box"),
        ({"evidence": {"plane": {}}}, "`evidence` must hold one of tree, optimum"),
        ({"evidence": {"optimum": {**good, "face": "+00"}}}, "without a box there are no faces"),
    )
    for change, reason in faults:
        with pytest.raises(Refused, match=reason):
            check(json.dumps({**penalised, **change}))


def test_a_point_on_a_face_that_the_gradient_leaves_is_refused() -> None:
    X, y = [[0.0], [1.0], [0.5]], [-1, 1, 1]
    proof = proof_of(verdict(X, y, eps=0.1, weight_bound=20.0).certificate)
    assert proof["evidence"]["optimum"]["face"] == "00"
    root = Enclosure(problem_of(X, y, "cross-entropy", 0.1, None, 20.0), "+0").polished(np.array([20.0, -8.0]))
    assert root is not None
    with pytest.raises(Refused, match="does not push"):
        check(json.dumps({**proof, "evidence": {"optimum": {"w": root.tolist(), "face": "+0", "radius": 1e-6}}}))


def test_a_tampered_list_is_refused(listed: dict[str, Any]) -> None:
    first, *rest = listed["points"]
    faults: tuple[tuple[dict[str, Any], str], ...] = (
        ({"points": rest}, "may hold a stationary point"),
        ({"points": [first, first, *rest]}, "may be the same"),
        ({"points": [{**first, "kind": "saddle"}, *rest]}, "is not a saddle"),
        ({"points": [{**first, "separates": False}, *rest]}, "separates"),
        ({"points": [{**first, "separates": 1}, *rest]}, "separates"),
        ({"points": [{**first, "loss": [0.0, 0.01]}, *rest]}, "the loss"),
        ({"points": [{**first, "loss": [first["loss"][1], first["loss"][0]]}, *rest]}, "the loss"),
        ({"points": [{**first, "alone_radius": 0.7}, *rest]}, "to be alone|leaves its face"),
        ({"points": [{**first, "alone_radius": 1e-12}, *rest]}, "smaller than"),
        ({"directions": []}, "may hold a stationary point"),
        ({"directions": [["1"]]}, "2 entries"),
        ({"tree": "."}, "may hold a stationary point"),
        ({"everywhere": 1}, "true or false"),
        ({"weight_bound": 5.45}, "hull is not inside|may hold|leaves its face"),
        ({"eps": 0.0}, "no stationary point|soft targets|is not certain"),
    )
    for change, reason in faults:
        with pytest.raises(Refused, match=reason):
            check(json.dumps({**listed, **change}))


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", '"verdict"', "1e999", "NaN", "[" * 100_000, '{"kind":' * 50_000, "9" * 5000),
        *('{"kind":"verdict","kind":"fold"}', '{"kind":"verdict","X":[[NaN]]}', '{"kind":"verdict","X":[[Infinity]]}'),
        *('{"kind":null}', '{"kind":"verdict"}', "\x00", "\ud800", '{"kind":"separability","X":[[1e999]]}'),
    ],
    ids=range(18),
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        check(text)


def test_huge_and_tiny_numbers_do_no_harm(tree: dict[str, Any]) -> None:
    for number in ("1e999", "1e30", "-1e30", "5e-324", "1e-300", "9" * 400, "1" + "0" * 4200, "0e99999"):
        rows = [[["@"] * 2] * 9, [["@", 0.0], *tree["X"][1:]]]
        changes: list[dict[str, Any]] = [{"eps": "@"}, {"weight_bound": "@"}, *({"X": row} for row in rows)]
        for change in changes:
            try:
                check(json.dumps({**tree, **change}).replace('"@"', number))
            except Refused:
                continue
            assert 0.0 <= float(number) < 1e-200  # targets as good as hard, or a point moved to a place as good
            assert "weight_bound" not in change


def test_the_checker_is_short_enough_to_be_read_in_one_sitting() -> None:
    rooms = [ROOT / "study" / "certificates" / f"{name}.py" for name in ("checker", "critical", "balls", "reading")]
    assert sum(len(path.read_text().splitlines()) for path in rooms) <= 750


def test_a_verdict_for_other_points_is_refused(tree: dict[str, Any]) -> None:
    moved = [[x + 0.9 * (i == 8), y - 1.2 * (i == 8)] for i, (x, y) in enumerate(tree["X"])]
    answer = verdict(moved, CROWD[1], loss="quadratic", sample_weight=tree["weight"], weight_bound=4.0)
    assert proof_of(answer.certificate)["claim"] == "separates"
    with pytest.raises(Refused):
        check(json.dumps({**tree, "weight": [400.0] * 8 + [1.0]}))
    with pytest.raises(Refused):
        check(json.dumps({**tree, "X": FOUR.X.tolist(), "y": FOUR.y.astype(int).tolist(), "weight": [1.0] * 4}))


def test_a_list_for_a_box_says_nothing_of_all_space() -> None:
    tight = stationary_points(*SPOILT, eps=0.1, sample_weight=[100, 100, 1], weight_bound=5.0)  # the hull needs 5.5
    hard = stationary_points(*SPOILT, sample_weight=[100, 100, 1], weight_bound=3.0)
    for found, reason in ((tight, "hull is not inside"), (hard, "soft targets|on a face")):
        proof = proof_of(found.certificate)
        check(json.dumps(proof))
        with pytest.raises(Refused, match=reason):
            check(json.dumps({**proof, "everywhere": True}))


def test_a_point_on_a_face_may_not_be_left_out() -> None:
    proof = proof_of(stationary_points(FOUR.X, FOUR.y, eps=0.1, weight_bound=3.0).certificate)
    axes = [[str(side * int(j == k)) for k in range(3)] for j in range(3) for side in (1, -1)]
    proof["directions"] += axes
    check(json.dumps(proof))
    for i, point in enumerate(proof["points"]):
        with pytest.raises(Refused, match="may hold a stationary point"):
            check(json.dumps({**proof, "points": [*proof["points"][:i], *proof["points"][i + 1 :]]}))
        assert len(point["face"]) == 3
