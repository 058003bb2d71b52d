"""The quadratic model of a loss for eight sets at once: `quadratic_model` in lanes, for a box."""

from study.kernels.compilation import helper
from study.kernels.lanes import any_of, lanes, larger, load, size_of, store, where
from study.kernels.quadratic_model import FLOOR, LOWEST, LOWEST_RAISED, RAISE, SAFE, SHARP


@helper()
def _fill_right(H, g, d, held, p, b, U):
    """Fill column p of U with the right-hand side of the free entries; b becomes the held entries of d."""
    moved = lanes(0.0) > 0.0
    for j in range(p):
        known = where(load(held, j) > 0.0, load(d, j), 0.0)
        store(b, j, known)
        moved = moved | ~(known == 0.0)
    products = any_of(moved)
    for j in range(p):
        right = load(g, j)
        for k in range(p if products else 0):
            right = right + load(H, j * p + k) * load(b, k)
        store(U, j * (p + 1) + p, where(load(held, j) > 0.0, load(b, j), -right))


@helper(forceinline=True)
def _diagonal(H, held, p, j, shift, raised):
    """Return what is factored on the diagonal, and what its pivot has to exceed."""
    fixed, entry = load(held, j) > 0.0, load(H, j * p + j)
    entry = where(raised > 0.0, larger(entry * (1.0 + RAISE), raised), entry)
    enough = larger(where(fixed, 0.0, SAFE * (size_of(entry) + shift)), lanes(LOWEST))
    return where(fixed, 1.0, entry + shift), enough


@helper()
def _fill_free(H, held, p, shift, raised, U):
    """Fill U, on its diagonal and right of it, with the free part of H; held rows are those of the identity."""
    for j in range(p):
        fixed, row = load(held, j) > 0.0, j * (p + 1)
        entry, _ = _diagonal(H, held, p, j, shift, raised)
        store(U, row + j, entry)
        for k in range(j + 1, p):
            store(U, row + k, where(fixed | (load(held, k) > 0.0), 0.0, load(H, j * p + k)))


@helper(forceinline=True)
def _cholesky(H, held, p, shift, raised, U, c):
    """Factor the free part of H + shift I = LDL'; return where that is safely positive definite.

    Where `raised` is positive, diagonal entries are raised by a share, and to that at least. U is filled with DL', with
    the reciprocals of the pivots on its diagonal. Column p becomes the solution z of Lz = b, b being what was there.
    Two rows are made at a time, four columns of each; `c` is room for the entries of L that both need.
    """
    definite, q = lanes(0.0) <= 0.0, p + 1
    _fill_free(H, held, p, shift, raised, U)
    for j in range(0, p, 2):
        next_j = min(j + 1, p - 1)  # where there is none, the last row stands for it, and what it gives is not kept
        for i in range(j):
            pivot = load(U, i * q + i)
            store(c, 2 * i, load(U, i * q + j) * pivot)
            store(c, 2 * i + 1, load(U, i * q + next_j) * pivot)
        pivot = next_pivot = times = lanes(0.0)
        for k in range(j, q, 4):
            two, three, four = min(k + 1, p), min(k + 2, p), min(k + 3, p)
            at, next_at = j * q, next_j * q
            w, x, y, z = load(U, at + k), load(U, at + two), load(U, at + three), load(U, at + four)
            s, t, u, v = load(U, next_at + k), load(U, next_at + two), load(U, next_at + three), load(U, next_at + four)
            for i in range(j):
                one, other, row = load(c, 2 * i), load(c, 2 * i + 1), i * q
                a, b, d, e = load(U, row + k), load(U, row + two), load(U, row + three), load(U, row + four)
                w, x, y, z = w - one * a, x - one * b, y - one * d, z - one * e
                s, t, u, v = s - other * a, t - other * b, u - other * d, v - other * e
            if k == j:
                definite = definite & (w > _diagonal(H, held, p, j, shift, raised)[1])
                pivot = 1.0 / w
                times = x * pivot
                below = t - times * x
                if next_j > j:
                    definite = definite & (below > _diagonal(H, held, p, next_j, shift, raised)[1])
                next_pivot = 1.0 / below
            for place, entry in ((k, w), (two, x), (three, y), (four, z)):
                store(U, at + place, entry)
            if next_j > j:
                for place, entry in (
                    (k, s - times * w), (two, t - times * x), (three, u - times * y), (four, v - times * z)
                ):  # fmt: skip
                    store(U, next_at + place, entry)
        store(U, j * q + j, pivot)
        if next_j > j:
            store(U, next_j * q + next_j, next_pivot)
    return definite


@helper()
def _back_substitute(U, p, b):
    """Fill b with the solution of DL'b = z."""
    q = p + 1
    for j in range(p):
        store(b, j, load(U, j * q + p))
    for j in range(p - 1, -1, -1):
        x = load(b, j) * load(U, j * q + j)
        store(b, j, x)
        for i in range(j):
            store(b, i, load(b, i) - load(U, i * q + j) * x)


@helper()
def _count_free(held, p):
    """Return how many entries are not held."""
    n_free = lanes(0.0)
    for j in range(p):
        n_free = n_free + where(load(held, j) > 0.0, 0.0, 1.0)
    return n_free


@helper()
def _largest_free(H, held, p):
    """Return the size of the largest diagonal entry of the free part."""
    size = lanes(1e-300)
    for j in range(p):
        size = larger(size, where(load(held, j) > 0.0, 0.0, size_of(load(H, j * p + j))))
    return size


@helper(forceinline=True)
def _target(H, g, d, held, p, rank, convex, going, U, b, c):
    """Fill b with the minimiser of g'd + d'Hd / 2 over the free entries of d, the held ones as they are.

    Only lanes `going` are looked at. Return which have one, and which have that of the Hessian as it is. It is factored
    as `_factor` of `quadratic_model` does, but a raised one only once, and with more free entries than its `rank` not
    as it is.
    """
    shift = raised = lanes(0.0)
    definite, failed = going, going & (_count_free(held, p) > rank)
    for _ in range(3 if convex else 40):
        if any_of(failed):
            size = _largest_free(H, held, p)
            if convex:
                raised = where(failed, larger(FLOOR * size, lanes(LOWEST_RAISED)), raised)
            else:
                shift = where(failed, larger(10.0 * shift, 1e-10 * size), shift)
        _fill_right(H, g, d, held, p, b, U)
        definite = _cholesky(H, held, p, shift, raised, U, c)
        failed = going & ~definite
        if not any_of(failed):
            break
    _back_substitute(U, p, b)
    return definite, definite & (shift + raised <= 0.0)


@helper()
def _go_to(b, w, p, R, going, d, held):
    """Go from d towards b until a weight meets its bound, and hold that weight; return in which lanes one does."""
    share, blocking = lanes(1.0), lanes(-1.0)
    for j in range(p):
        weight, old, new = load(w, j), load(d, j), load(b, j)
        free = ~(load(held, j) > 0.0)
        room = (where(new > 0.0, R, -R) - weight - old) / (new - old)
        closer = free & (size_of(weight + new) > R) & (room < share)
        share = where(closer, larger(room, lanes(0.0)), share)
        blocking = where(closer, float(j), blocking)
    met = going & (blocking >= 0.0)
    for j in range(p):
        old, new, here = load(d, j), load(b, j), met & (blocking == float(j))
        ahead = where(here, where(new > 0.0, R, -R) - load(w, j), old + share * (new - old))
        store(d, j, where(going, ahead, old))
        store(held, j, where(here, 1.0, load(held, j)))
    return met


@helper()
def _release(H, g, w, d, p, going, held):
    """Free the held weight that the model pulls inside most; return in which lanes there is one."""
    steepest, release = lanes(0.0), lanes(-1.0)
    for j in range(p):
        fixed = going & (load(held, j) > 0.0)
        if any_of(fixed):
            pull = load(g, j)
            for k in range(p):
                pull = pull + load(H, j * p + k) * load(d, k)
            pull = where(load(w, j) + load(d, j) < 0.0, -pull, pull)
            steeper = fixed & (pull > steepest)
            steepest, release = where(steeper, pull, steepest), where(steeper, float(j), release)
    freed = release >= 0.0
    if any_of(freed):
        for j in range(p):
            store(held, j, where(release == float(j), 0.0, load(held, j)))
    return freed


@helper()
def step_in_box(H, g, w, p, rank, R, convex, going, U, b, c, d, held):
    """Fill d with the minimiser of the quadratic model in the box, by the primal active-set method.

    Only lanes `going` are looked at. H is a sum of at most `rank` squares. Return which of them have a minimiser, and
    which of these one of the Hessian as it is.
    """
    for j in range(p):
        weight, slope = load(w, j), load(g, j)
        fixed = ((weight >= R) & (slope <= 0.0)) | ((weight <= -R) & (slope >= 0.0))
        store(held, j, where(going, where(fixed, 1.0, 0.0), load(held, j)))
        store(d, j, where(going, 0.0, load(d, j)))
    found = exact = going
    for _ in range(4 * p + 4):
        definite, known = _target(H, g, d, held, p, rank, convex, going, U, b, c)
        found, exact = found & (definite | ~going), (going & known) | (exact & ~going)
        going = going & definite
        met = _go_to(b, w, p, R, going, d, held)
        rest = going & ~met
        going = met | _release(H, g, w, d, p, rest, held) if any_of(rest) else met
        if not any_of(going):
            break
    return found & ~going, exact


@helper()
def is_sharp(H, U, A, held, p):
    """Say of which H the free part, whose factor is U, is far from singular beside its rounding."""
    total = lanes(0.0)
    for j in range(p):
        for k in range(j + 1):
            x = lanes(1.0 if k == j else 0.0)
            for i in range(k, j):
                x = x - load(U, i * (p + 1) + j) * load(U, i * (p + 1) + i) * load(A, i * p + k)
            store(A, j * p + k, x)
            size = where(load(held, k) > 0.0, 1.0, load(H, k * p + k))
            total = total + size * x * x * load(U, j * (p + 1) + j)
    return total <= SHARP
