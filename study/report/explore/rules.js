"use strict";
/*
 * The rules, free of any page: points in, weights and verdicts out.
 *
 * A problem is {Z, share, loss, eps, shape, R, penalty}: Z the rows y (x_1, x_2, 1), one after the other, so that Z w are
 * the margins; share the sample weights divided by their sum; loss "quadratic", "cross-entropy" or "threshold-quadratic";
 * eps the target of label -1; shape what keeps the weights small: "box" or "ball" of size R, "penalty", or "none". The bias
 * stands last. A loss is the weighted mean, plus penalty |(w_1, w_2)|^2 / 2; with penalty 1 / (C total), total the sum of
 * the sample weights, that is (|w|^2 / 2 + C * summed loss) / (C total), the bias being free.
 */
const Rules = (() => {
  const dot = (a, b) => { let sum = 0; for (let j = 0; j < a.length; j++) sum += a[j] * b[j]; return sum; };
  const largest = (a) => { let m = 0; for (const x of a) m = Math.max(m, Math.abs(x)); return m; };
  const norm = (a) => { const m = largest(a); return m === 0 || !isFinite(m) ? m : m * Math.sqrt(a.reduce((s, x) => s + (x / m) ** 2, 0)); };
  const moved = (w, step, d) => w.map((x, j) => x + step * d[j]);

  /** Rows y (x, 1) of points [{x: [x_1, x_2], y}], one after the other. */
  function rows(points) {
    const Z = new Float64Array(3 * points.length);
    points.forEach(({ x, y }, i) => Z.set([y * x[0], y * x[1], y], 3 * i));
    return Z;
  }

  /** The length of the longest row. */
  function longest(Z) {
    let m = 0;
    for (let k = 0; k < Z.length; k += 3) m = Math.max(m, Math.hypot(Z[k], Z[k + 1], Z[k + 2]));
    return m;
  }

  /** Rosenblatt's rule from zero, in natural order, an update at a time: `next` returns whose, or -1 for none. */
  function updates(points) {
    const n = points.length, X = Float64Array.from(points.flatMap(({ x }) => x)), y = Float64Array.from(points, (p) => p.y);
    const w = [0, 0, 0], walk = { w, updates: 0, looks: 0, clean: 0, next };
    function next(maxLooks = Infinity) {
      const last = walk.looks + Math.min(n - walk.clean, maxLooks - walk.looks);
      let i = walk.looks % n;
      for (; walk.looks < last; i = i + 1 < n ? i + 1 : 0) {
        walk.looks++;
        if (y[i] * (w[2] + w[0] * X[2 * i] + w[1] * X[2 * i + 1]) > 0) { walk.clean++; continue; }
        w[0] += y[i] * X[2 * i];
        w[1] += y[i] * X[2 * i + 1];
        w[2] += y[i];
        walk.updates++;
        walk.clean = 0;
        return i;
      }
      return -1;
    }
    return walk;
  }

  /** The perceptron; `maxLooks` bounds the work, `maxUpdates` the updates. */
  function perceptron(points, { maxUpdates = 1e6, maxLooks = 1e6 } = {}) {
    const walk = updates(points);
    while (walk.updates < maxUpdates && walk.next(maxLooks) >= 0);
    return { w: walk.w, updates: walk.updates, stopped: walk.clean === points.length };
  }

  /** Which points do not lie strictly on their own side. */
  const lost = (Z, [a, b, c]) => Array.from({ length: Z.length / 3 }, (_, i) => !(Z[3 * i] * a + Z[3 * i + 1] * b + Z[3 * i + 2] * c > 0));

  /** The loss, its gradient and its Hessian; three weights are written out, since this is where time goes. */
  function terms({ Z, share, loss, eps, penalty = 0 }, w) {
    const [a, b, c] = w, crossEntropy = loss === "cross-entropy", threshold = loss === "threshold-quadratic";
    let value = 0.5 * penalty * (a * a + b * b), farthest = 0, ga = penalty * a, gb = penalty * b, gc = 0;
    let aa = penalty, ab = 0, ac = 0, bb = penalty, bc = 0, cc = 0;
    for (let i = 0, k = 0; i < share.length; i++, k += 3) {
      const x = Z[k], y = Z[k + 1], z = Z[k + 2], m = a * x + b * y + c * z, size = Math.abs(m);
      if (size > farthest) farthest = size;
      const e = Math.exp(-size), larger = 1 / (1 + e), smaller = e * larger;
      const q = m > 0 ? smaller : larger; // 1 - sigma(m)
      let slope, curvature;
      if (crossEntropy) {
        value += share[i] * ((m < 0 ? size : 0) + eps * m + Math.log1p(e));
        slope = eps - q;
        curvature = smaller * larger;
      } else {
        const beyond = threshold && q - eps <= 0;
        const r = beyond ? 0 : q - eps, pq = beyond ? 0 : smaller * larger;
        value += share[i] * 0.5 * r * r;
        slope = -r * pq;
        curvature = pq * (pq - r * (2 * q - 1));
      }
      slope *= share[i];
      ga += slope * x; gb += slope * y; gc += slope * z;
      curvature *= share[i];
      const cx = curvature * x, cy = curvature * y;
      aa += cx * x; ab += cx * y; ac += cx * z; bb += cy * y; bc += cy * z; cc += curvature * z * z;
    }
    return { value, g: [ga, gb, gc], H: [[aa, ab, ac], [ab, bb, bc], [ac, bc, cc]], farthest };
  }

  /** The nearest weights inside the bound. */
  function project(w, { shape, R }) {
    if (shape === "box") return w.map((x) => Math.min(Math.max(x, -R), R));
    const length = shape === "ball" ? norm(w) : 0;
    return length > R ? w.map((x) => (x * R) / length) : w.slice();
  }

  /** Max-norm of w - P(w - g): zero exactly where w is stationary. */
  const residualOf = (w, g, bound) => largest(project(moved(w, -1, g), bound).map((x, j) => w[j] - x));

  /** The Cholesky factor of A + shift I, or null unless that is safely positive definite. */
  function cholesky(A, shift) {
    const p = A.length, L = Array.from({ length: p }, () => new Array(p).fill(0));
    for (let j = 0; j < p; j++) {
      for (let k = 0; k <= j; k++) {
        let total = A[j][k];
        for (let i = 0; i < k; i++) total -= L[j][i] * L[k][i];
        if (j === k) {
          total += shift;
          if (!(total > 1e-13 * (Math.abs(A[j][j]) + shift))) return null;
          L[j][j] = Math.sqrt(total);
        } else L[j][k] = total / L[k][k];
      }
    }
    return L;
  }

  /** Factor and shift, for the least shift tried that makes A + shift I positive definite. */
  function factor(A) {
    let L = cholesky(A, 0);
    if (L) return { L, shift: 0 };
    const size = A.reduce((m, row, j) => Math.max(m, Math.abs(row[j])), 1e-300);
    for (let shift = 1e-10 * size, k = 0; k < 40; k++, shift *= 10) if ((L = cholesky(A, shift))) return { L, shift };
    return null;
  }

  /** The solution of L q = b. */
  function forward(L, b) {
    const q = [];
    for (let j = 0; j < b.length; j++) {
      let total = b[j];
      for (let k = 0; k < j; k++) total -= L[j][k] * q[k];
      q.push(total / L[j][j]);
    }
    return q;
  }

  /** The solution of L L' x = b. */
  function solve(L, b) {
    const p = b.length, x = forward(L, b);
    for (let j = p - 1; j >= 0; j--) {
      for (let k = j + 1; k < p; k++) x[j] -= L[k][j] * x[k];
      x[j] /= L[j][j];
    }
    return x;
  }

  /** Minimiser of g'd + d'Hd/2 over the free entries of d, the held ones as they are; null where none was found. */
  function newtonTarget(H, g, d, held) {
    const p = d.length;
    const A = H.map((row, j) => row.map((h, k) => (held[j] || held[k] ? +(j === k) : h)));
    const b = g.map((x, j) => {
      if (held[j]) return d[j];
      let total = -x;
      for (let k = 0; k < p; k++) if (held[k]) total -= H[j][k] * d[k];
      return total;
    });
    const found = factor(A);
    return found && solve(found.L, b);
  }

  /** Minimiser of the quadratic model in the box, by the primal active-set method. */
  function stepInBox(H, g, w, shape, R) {
    const p = w.length, box = shape === "box", d = new Array(p).fill(0);
    const held = w.map((x, j) => box && ((x >= R && g[j] <= 0) || (x <= -R && g[j] >= 0)));
    for (let round = 0; round < 4 * p + 4; round++) {
      const target = newtonTarget(H, g, d, held);
      if (!target) return null;
      let share = 1, blocking = -1; // of the way to the target, until a weight meets its bound
      for (let j = 0; box && j < p; j++) {
        if (held[j] || Math.abs(w[j] + target[j]) <= R) continue;
        const room = ((target[j] > 0 ? R : -R) - w[j] - d[j]) / (target[j] - d[j]);
        if (room < share) { share = Math.max(room, 0); blocking = j; }
      }
      for (let j = 0; j < p; j++) d[j] += share * (target[j] - d[j]);
      if (blocking >= 0) {
        held[blocking] = true;
        d[blocking] = (target[blocking] > 0 ? R : -R) - w[blocking];
        continue;
      }
      let steepest = 0, release = -1; // a held weight that the model pulls inside is set free
      for (let j = 0; j < p; j++) {
        if (!held[j]) continue;
        const pull = (dot(H[j], d) + g[j]) * (w[j] + d[j] < 0 ? -1 : 1);
        if (pull > steepest) { steepest = pull; release = j; }
      }
      if (release < 0) return d;
      held[release] = false;
    }
    return d;
  }

  /** Minimiser of the quadratic model in the ball, by the iteration of More and Sorensen. */
  function stepInBall(H, g, w, R) {
    const b = g.map((x, j) => dot(H[j], w) - x), found = factor(H);
    if (!found) return null;
    let { L, shift: multiplier } = found, v = w;
    for (let k = 0; k < 60; k++) {
      v = solve(L, b);
      const length = norm(v);
      if ((length <= R * (1 + 1e-15) && multiplier === 0) || Math.abs(length - R) <= 1e-15 * R) break;
      const slope = norm(forward(L, v)) / length;
      const next = Math.max(multiplier + (length / R - 1) / slope ** 2, 0);
      const factored = Math.abs(next - multiplier) <= 1e-15 * multiplier ? null : cholesky(H, next);
      if (!factored) break;
      [L, multiplier] = [factored, next];
    }
    return project(v, { shape: "ball", R }).map((x, j) => x - w[j]);
  }

  /** The largest change of a margin that a step makes. */
  function farthestAlong(Z, d) {
    let m = 0;
    for (let k = 0; k < Z.length; k += 3) m = Math.max(m, Math.abs(Z[k] * d[0] + Z[k + 1] * d[1] + Z[k + 2] * d[2]));
    return m;
  }

  /** The unit: minimise the mean loss inside the bound by safeguarded projected Newton steps from w0. */
  function unit(problem, { w0, maxSteps = 1000 } = {}) {
    const { Z, loss, shape, R } = problem;
    const scale = Math.max(largest(Z), 1);
    let w = project(w0 || [0, 0, 0], problem), steps = 0;
    let now = terms(problem, w), residual = residualOf(w, now.g, problem);
    while (steps < maxSteps && residual > 1e-14 * scale) {
      const { value: f, g, H } = now;
      let d = shape === "ball" ? stepInBall(H, g, w, R) : stepInBox(H, g, w, shape, R);
      const found = d !== null, close = found && residual <= 1e-5 * scale;
      let bold = false;
      if (found) { // where outputs saturate the model may be flat: go no farther than across
        let reach = d.reduce((s, x) => s + Math.abs(x) * scale, 0);
        if (reach > 20) reach = farthestAlong(Z, d);
        bold = reach > 20;
        const limit = 50 + 2 * now.farthest;
        if (bold && reach > limit) d = d.map((x) => (x * limit) / reach);
      }
      // Next to the solution rounding hides what leads down; there the residual has the say.
      if (!found || !(dot(g, d) < 0 || close)) d = project(moved(w, -1, g), problem).map((x, j) => x - w[j]);
      const downhill = dot(g, d);
      let step = 1, accepted = false, trial, next, nextResidual;
      for (let k = 0; k < 60; k++) {
        trial = project(moved(w, step, d), problem);
        next = terms(problem, trial);
        const rise = dot(next.g, d);
        nextResidual = residualOf(trial, next.g, problem);
        if (close) accepted = nextResidual < 0.5 * residual && next.value <= f * (1 + 1e-12);
        if (!accepted && loss === "cross-entropy" && !bold) accepted = rise <= -0.5 * downhill && downhill < 0;
        else if (!accepted) accepted = next.value <= f + 1e-4 * step * downhill && downhill < 0;
        if (accepted || !(downhill < 0)) break;
        step *= Math.min(Math.max(rise > downhill ? downhill / (downhill - rise) : 0.5, 0.1), 0.5);
      }
      if (!accepted || (nextResidual >= residual && residual <= 1e-11 * scale)) break;
      [w, residual, now] = [trial, nextResidual, next];
      steps++;
    }
    return { w, loss: now.value, residual, steps };
  }

  /** Literal backpropagation, a step at a time: w <- P(w - rate * gradient of the loss). */
  function descent(problem, rate, w0) {
    let w = project(w0 || [0, 0, 0], problem), now = terms(problem, w);
    const walk = { w, steps: 0, loss: now.value, residual: residualOf(w, now.g, problem), next };
    function next() {
      w = project(moved(w, -rate, now.g), problem);
      now = terms(problem, w);
      Object.assign(walk, { w, steps: walk.steps + 1, loss: now.value, residual: residualOf(w, now.g, problem) });
    }
    return walk;
  }

  /** Twice the area of a triangle, positive where its corners go round to the left. */
  const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

  /** The corners of the smallest polygon that holds all places, by Andrew's monotone chain. */
  function hull(places) {
    const sorted = places.slice().sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const chain = (found, c) => {
      while (found.length > 1 && turn(found[found.length - 2], found[found.length - 1], c) <= 0) found.pop();
      found.push(c);
      return found;
    };
    const halves = [sorted.reduce(chain, []), sorted.reduceRight(chain, [])];
    return sorted.length < 2 ? sorted : halves.flatMap((half) => half.slice(0, -1));
  }

  /** The separator with the largest margin, or null: the distance of two hulls, by Gilbert's algorithm. */
  function maxMargin(points) {
    const sides = [1, -1].map((label) => hull(points.filter(({ y }) => y === label).map(({ x }) => x)));
    if (!sides[0].length || !sides[1].length) return null;
    const extreme = (side, u) => side.reduce((best, x) => (dot(x, u) > dot(best, u) ? x : best));
    const nearest = (u) => moved(extreme(sides[0], u.map((v) => -v)), -1, extreme(sides[1], u)); // of the difference
    const onEdge = (a, b) => {
      const e = moved(b, -1, a), length = dot(e, e);
      const t = length > 0 ? Math.min(Math.max(-dot(a, e) / length, 0), 1) : 0;
      return { v: moved(a, t, e), ends: t === 0 ? [a] : t === 1 ? [b] : [a, b] };
    };
    let v = moved(sides[0][0], -1, sides[1][0]), ends = [v];
    for (let k = 0; k < 1000; k++) {
      if (dot(v, v) === 0) return null;
      const s = nearest(v);
      if (dot(v, v) - dot(v, s) <= 1e-15 * dot(v, v)) break;
      if (ends.length === 2) {
        const [a, b] = ends, turns = [[a, b], [b, s], [s, a]].map(([from, to]) => Math.sign(turn([0, 0], from, to)));
        if (turns[0] !== 0 && turns.every((t) => t === turns[0])) return null; // zero lies inside the triangle
      }
      const options = ends.map((end) => onEdge(end, s)), length = dot(v, v);
      const best = options.reduce((a, b) => (dot(b.v, b.v) < dot(a.v, a.v) ? b : a));
      if (!(dot(best.v, best.v) < length)) break;
      ({ v, ends } = best);
    }
    const low = dot(extreme(sides[0], v.map((x) => -x)), v), high = dot(extreme(sides[1], v), v);
    if (!(low > high)) return null;
    const w = v.map((x) => (2 * x) / (low - high));
    const corners = rows(sides.flatMap((side, k) => side.map((x) => ({ x, y: 1 - 2 * k }))));
    return { w: [...w, -(low + high) / (low - high)], margin: (low - high) / 2 / norm(v), corners };
  }

  /**
   * The lowest loss among weights without a negative margin, by a barrier from inside; `free` is the unit's fit. Margins
   * are kept at the corners of both classes: all other points lie between these.
   */
  function bestSeparator(problem, widest, free) {
    if (!widest) return null;
    const { Z, shape, R, loss } = problem, w = widest.w;
    const attained = lost(Z, free.w).some(Boolean) ? [] : [free];
    if (attained.length && (loss === "cross-entropy" || free.loss < 1e-9)) return free;
    const size = shape === "box" ? largest(w) : norm(w), bounded = shape === "box" || shape === "ball";
    const inside = w.map((x) => (bounded ? (0.9 * R * x) / size : 2 * x));
    // Not convex: a high barrier leads from anywhere to one path, a low one leaves the search near its start.
    const starts = loss === "cross-entropy" ? [[1, 1e-2]] : [[1, 1e-2], [1, 1e-6], [0.1, 1e-6]];
    const answers = starts.map(([s, mu]) => fromInside(problem, widest.corners, inside.map((x) => s * x), mu));
    return [...attained, ...answers].reduce((a, b) => (b.loss < a.loss ? b : a));
  }

  /** Where the barrier leads from inside, as it falls from the highest level to the lowest. */
  function fromInside(problem, corners, start, highest) {
    let w = start;
    for (let mu = highest; mu >= 1e-10; mu *= 0.02) {
      let now = barrier(problem, corners, w, mu);
      for (let k = 0; k < 15; k++) {
        const found = factor(now.H);
        if (!found) break;
        const d = solve(found.L, now.g.map((x) => -x)), downhill = dot(now.g, d);
        if (!(downhill < -0.1 * mu)) break;
        let step = 1, next;
        const enough = () => next && next.value <= now.value + 1e-4 * step * downhill;
        while (step > 1e-12 && ((next = barrier(problem, corners, moved(w, step, d), mu)), !enough())) step *= 0.5;
        if (step <= 1e-12) break;
        [w, now] = [moved(w, step, d), next];
      }
    }
    return { w, loss: terms(problem, w).value };
  }

  /** The loss plus mu times a barrier: -log of each corner's margin and of the space inside the bound; null outside. */
  function barrier(problem, corners, w, mu) {
    const { shape, R } = problem, ball = shape === "ball";
    const space = ball ? [R * R - dot(w, w)] : shape === "box" ? w.map((x) => R * R - x * x) : [];
    if (!space.every((s) => s > 0) || lost(corners, w).some(Boolean)) return null;
    const now = terms(problem, w), { g, H } = now;
    const add = (v, slope, curvature) => {
      for (let j = 0; j < 3; j++) {
        g[j] += slope * v[j];
        for (let k = 0; k < 3; k++) H[j][k] += curvature * v[j] * v[k];
      }
    };
    for (let i = 0; i < corners.length; i += 3) {
      const z = corners.subarray(i, i + 3), m = dot(z, w);
      now.value -= mu * Math.log(m);
      add(z, -mu / m, mu / m ** 2);
    }
    space.forEach((s, j) => {
      now.value -= mu * Math.log(s);
      add(ball ? w : w.map((x, k) => (k === j ? x : 0)), (2 * mu) / s, (4 * mu) / s ** 2);
      for (let k = 0; k < 3; k++) if (ball || k === j) H[k][k] += (2 * mu) / s;
    });
    return now;
  }

  /**
   * What the law of the ignored spoiler needs, for the box: gamma0, the largest g with every base margin z.v >= g and
   * the spoiler's z.v >= 0 over |v_j| <= 1, and the multipliers. A linear programme in v = a - b, a, b, g >= 0, by the
   * simplex method with Bland's rule; v = 0 is where it starts. Null where there is no conflict, or gamma0 is zero.
   */
  function law(base, one) {
    const vector = ({ x, y }) => [...x.map((v) => y * v), y], spoiler = vector(one), p = 3, width = 2 * p + 1;
    const split = (z, sign, g) => [...z.map((x) => sign * x), ...z.map((x) => -sign * x), g];
    const table = [...base.map((point) => [...split(vector(point), -1, 1), 0]), [...split(spoiler, -1, 0), 0]];
    for (let j = 0; j < p; j++)
      for (const sign of [1, -1]) table.push([...split(spoiler.map((_, k) => +(j === k)), sign, 0), 1]);
    const goal = [...new Array(2 * p).fill(0), 1, 0];
    const slack = table.map((_, i) => width + i), outer = goal.slice(0, -1).map((_, j) => j);
    for (let k = 0; k < 2000; k++) {
      const gains = outer.map((name, j) => j).filter((j) => goal[j] > 1e-11);
      if (!gains.length) break;
      const column = gains.reduce((a, b) => (outer[b] < outer[a] ? b : a));
      let row = -1;
      for (let i = 0; i < table.length; i++) {
        if (!(table[i][column] > 1e-11)) continue;
        const ratio = table[i][width] / table[i][column], best = row < 0 ? Infinity : table[row][width] / table[row][column];
        if (ratio < best - 1e-14 || (ratio <= best + 1e-14 && slack[i] < slack[row])) row = i;
      }
      if (row < 0) return null;
      pivot(table, goal, row, column);
      [slack[row], outer[column]] = [outer[column], slack[row]];
    }
    const price = (i) => { const j = outer.indexOf(width + i); return j < 0 ? 0 : Math.max(-goal[j], 0); };
    const alpha = base.map((_, i) => price(i)), mu = price(base.length), gamma0 = -goal[width];
    if (!(gamma0 > 1e-9) || !(mu > 1e-9)) return null;
    const H = alpha.reduce((s, a) => (a > 1e-12 ? s - a * Math.log(a) : s), 0);
    return { gamma0, mu, H, alpha };
  }

  function pivot(table, goal, row, column) {
    const lead = table[row][column], own = table[row];
    for (let j = 0; j < own.length; j++) own[j] = j === column ? 1 / lead : own[j] / lead;
    for (const other of [...table, goal]) {
      if (other === own || other[column] === 0) continue;
      const times = other[column];
      for (let j = 0; j < own.length; j++) other[j] = j === column ? -times * own[j] : other[j] - times * own[j];
    }
  }

  /** The law's ln N*: above that many base points, of which n are distinct, the bounded optimum gives the spoiler up. */
  function lawLogN({ gamma0, mu, H }, R, n, loss) {
    if (loss === "cross-entropy") return Math.log(n) + gamma0 * R - H - Math.log(2 * mu);
    const q = (mu + Math.sqrt(mu * mu + 4 * mu)) / 2;
    const kappa = mu >= 1 / 6 ? 1 / (8 * mu) : (q ** (2 + 2 * mu) * (1 - q) ** (1 - 2 * mu)) / mu;
    return Math.log(n) + Math.log(kappa) + 2 * gamma0 * R - H;
  }

  return { rows, updates, perceptron, unit, descent, lost, terms, maxMargin, bestSeparator, law, lawLogN, norm, longest };
})();
