"""Each loop that can run for more than a second ends soon after an interrupt."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pytest

from study.kernels import descent, hinge, interior_point, network, optimisers, perceptron, proof_cells, unit, wide
from study.kernels.codes import CANCELLED
from study.kernels.compilation import _interruptible
from study.trainers.fit import Stop
from study.trainers.perceptron import perceptron as train

FOREVER = 2**60
X = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
y = np.array([1.0, 1.0, -1.0, -1.0])
share = np.full(4, 0.25)
w = np.array([0.5, -0.25, 0.125])
NET = np.array([2, 1])
MANY = np.random.default_rng(0).normal(size=(2000, 40)), np.random.default_rng(1).choice([-1.0, 1.0], 2000)


def look_for_a_proof() -> Any:
    n, p = 300, 30
    Z, weight = np.random.default_rng(0).normal(size=(n, p)), np.ones(n)
    code, tree = (0, 0.0, -np.inf, np.inf, np.inf), np.zeros(10**9, np.uint8)
    return proof_cells.branch(
        Z, weight, np.zeros(p), code, 3.0, np.ones(n, bool), False, n * 0.5, -1.0, tree, np.zeros(p)
    )


LOOPS: dict[str, Callable[[], Any]] = {
    "perceptron": lambda: perceptron.train(X, y, np.zeros(3), np.arange(4), False, 0, 0, FOREVER, FOREVER),
    "perceptron, at random": lambda: perceptron.train(X, y, np.zeros(3), np.arange(4), True, 0, 0, FOREVER, FOREVER),
    "pocket": lambda: perceptron.train(*MANY, np.zeros(41), np.arange(2000), False, 0, 2, FOREVER, FOREVER),
    "descent": lambda: descent.descend(
        X, y, share, w, 0, 0.1, 0, np.inf, np.zeros(3), FOREVER, 1e-3, -1.0, np.empty(1)
    ),
    "network": lambda: optimisers.train(
        X, y, share, np.ones(9), NET, 0, 0, 0.1, 0, np.inf, FOREVER, -1.0, 1e-3, np.array([0, 0, 1, 1]), np.ones(5), 0
    ),
    "many networks": lambda: network.spectral(
        X, y, share, np.random.default_rng(0).normal(size=(10**6, 9)), NET, 0, 0, 0.1, 1, 3.0, 1000, 0.0
    ),
    "many units": lambda: unit.newton(
        X, y, share, np.random.default_rng(0).normal(size=(10**6, 3)), 0, 0.1, 1, 3.0, np.zeros(3), 1000, True
    ),
    "many units at a wide bound": lambda: wide.newton(
        X, X[:, 1] - 0.5, share, np.tile([0.0, 40.0, -20.0], (10**5, 1)), 1, 1, 1e6, 1000
    ),
    "many best separators": lambda: interior_point.interior(
        X, share, 0, 0.1, 1, 3.0, np.zeros(2), y > 2.0, 1.0, np.full((10**6, 2), 0.5), 1.0, 1e-13
    ),
    "soft margin": lambda: hinge.descend(X, y, np.zeros(3), 1e12, 1e-300, FOREVER),
    "proof": look_for_a_proof,
}


@contextmanager
def alarms(handler: Callable[[], None], first: float, then: float = 0.0) -> Iterator[None]:
    """Let a signal come after some seconds, and again and again."""
    before = signal.signal(signal.SIGALRM, lambda _, __: handler())
    signal.setitimer(signal.ITIMER_REAL, first, then)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("loop", LOOPS)
def test_an_interrupt_ends_a_loop(loop: str) -> None:
    with alarms(interrupt, 0.2), pytest.raises(KeyboardInterrupt):
        LOOPS[loop]()
    assert train([[0.0], [1.0]], [-1.0, 1.0]).stop == Stop.SEPARATED  # and the next call is whole


def test_handlers_that_raise_nothing_are_called_while_a_loop_runs_and_change_no_answer() -> None:
    def fit() -> Any:
        return perceptron.train(X, y, np.zeros(3), np.arange(4), True, 7, 0, 20_000_000, FOREVER)

    begin = time.perf_counter()
    due = fit()
    seconds = time.perf_counter() - begin
    calls: list[float] = []
    with alarms(lambda: calls.append(time.perf_counter()), seconds / 20, seconds / 20):
        found = fit()
        end = time.perf_counter()
    assert len([call for call in calls if call < end - seconds / 4]) >= 5
    assert [value.tolist() for value in found] == [value.tolist() for value in due]


def test_another_part_of_the_program_that_waits_for_signals_is_told_of_them() -> None:
    heard, bell = socket.socketpair()
    with heard, bell:
        bell.setblocking(False)
        before = signal.set_wakeup_fd(bell.fileno())
        try:
            with alarms(interrupt, 0.2), pytest.raises(KeyboardInterrupt):
                LOOPS["perceptron"]()
        finally:
            ours = signal.set_wakeup_fd(before)
        assert (ours, heard.recv(8)) == (bell.fileno(), bytes([signal.SIGALRM]))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_an_interrupt_ends_a_loop_in_a_forked_process() -> None:
    train([[0.0], [1.0]], [-1.0, 1.0])
    child = os.fork()
    if not child:
        with suppress(KeyboardInterrupt), alarms(interrupt, 0.2):
            LOOPS["perceptron"]()
            os._exit(1)
        os._exit(0)
    with alarms(lambda: os.kill(child, signal.SIGKILL), 20.0):
        assert os.waitpid(child, 0)[1] == 0


def test_the_exception_comes_when_the_loop_has_ended() -> None:
    main, ended = threading.main_thread().ident, []
    assert main is not None

    def loop(control: Any) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        while not control[CANCELLED]:
            time.sleep(0.001)
        time.sleep(0.05)  # what a stack takes to run out
        ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        _interruptible(loop, lambda _: loop)()
    assert ended


@pytest.mark.parametrize(("interrupt", "own"), [(signal.default_int_handler, False), (signal.SIG_IGN, True)])
def test_a_loop_leaves_its_caller_only_where_a_signal_is_answered(interrupt: Any, own: bool) -> None:
    def loop(_: Any) -> threading.Thread:
        return threading.current_thread()

    before = signal.signal(signal.SIGINT, interrupt), signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        found = _interruptible(loop, lambda _: loop)()
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
    assert (found is threading.current_thread()) == own
