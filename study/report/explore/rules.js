"use strict";
/*
 * The rules, free of any page: points in, weights and verdicts out.
 *
 * A problem is {Z, share, loss, eps, shape, R}: Z the rows y (x, 1), so that Z w are the margins; share the sample
 * weights divided by their sum; loss "quadratic", "cross-entropy" or "threshold-quadratic"; eps the target of label -1;
 * shape and R the bound, "box", "ball" or "none". The bias stands last. All losses are weighted means.
 */
const Rules = (() => {
  const dot = (a, b) => { let sum = 0; for (let j = 0; j < a.length; j++) sum += a[j] * b[j]; return sum; };
  const largest = (a) => { let m = 0; for (const x of a) m = Math.max(m, Math.abs(x)); return m; };
  const norm = (a) => { const m = largest(a); return m === 0 || !isFinite(m) ? m : m * Math.sqrt(a.reduce((s, x) => s + (x / m) ** 2, 0)); };
  const moved = (w, step, d) => w.map((x, j) => x + step * d[j]);

  /** Rows y (x, 1) of points [{x: [...], y}]. */
  const rows = (points) => points.map(({ x, y }) => [...x.map((v) => y * v), y]);

  /** Rosenblatt's rule from zero, in natural order; `maxLooks` bounds the work, `maxUpdates` the updates. */
  function perceptron(points, { maxUpdates = 1e6, maxLooks = 1e6 } = {}) {
    const d = points[0].x.length, w = new Array(d + 1).fill(0);
    let updates = 0, looks = 0, clean = 0;
    while (clean < points.length && updates < maxUpdates && looks < maxLooks) {
      const { x, y } = points[looks % points.length];
      let z = w[d];
      for (let j = 0; j < d; j++) z += w[j] * x[j];
      if (y * z > 0) clean++;
      else {
        for (let j = 0; j < d; j++) w[j] += y * x[j];
        w[d] += y;
        updates++;
        clean = 0;
      }
      looks++;
    }
    return { w, updates, stopped: clean === points.length };
  }

  /** Which points do not lie strictly on their own side. */
  const lost = (Z, w) => Z.map((z) => !(dot(z, w) > 0));

  /** Mean loss, its gradient and, on demand, its Hessian. */
  function terms({ Z, share, loss, eps }, w, withHessian = false) {
    const p = w.length, g = new Array(p).fill(0);
    const H = withHessian ? Array.from({ length: p }, () => new Array(p).fill(0)) : null;
    let value = 0, farthest = 0;
    for (let i = 0; i < Z.length; i++) {
      const z = Z[i];
      let m = 0;
      for (let j = 0; j < p; j++) m += w[j] * z[j];
      farthest = Math.max(farthest, Math.abs(m));
      const e = Math.exp(-Math.abs(m)), larger = 1 / (1 + e), smaller = e * larger;
      const q = m > 0 ? smaller : larger; // 1 - sigma(m)
      let slope, curvature;
      if (loss === "cross-entropy") {
        value += share[i] * (Math.max(-m, 0) + eps * m + Math.log1p(e));
        slope = eps - q;
        curvature = smaller * larger;
      } else {
        const beyond = loss === "threshold-quadratic" && q - eps <= 0;
        const r = beyond ? 0 : q - eps, pq = beyond ? 0 : smaller * larger;
        value += share[i] * 0.5 * r * r;
        slope = -r * pq;
        curvature = pq * (pq - r * (2 * q - 1));
      }
      for (let j = 0; j < p; j++) {
        g[j] += share[i] * slope * z[j];
        if (H) for (let k = 0; k <= j; k++) H[j][k] += share[i] * curvature * z[j] * z[k];
      }
    }
    if (H) for (let j = 0; j < p; j++) for (let k = 0; k < j; k++) H[k][j] = H[j][k];
    return { value, g, H, farthest };
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

  /** The unit: minimise the mean loss inside the bound by safeguarded projected Newton steps from w0. */
  function unit(problem, { w0, maxSteps = 1000 } = {}) {
    const { Z, loss, shape, R } = problem, p = Z[0].length;
    const scale = Z.reduce((m, z) => Math.max(m, largest(z)), 1);
    let w = project(w0 || new Array(p).fill(0), problem), steps = 0;
    let now = terms(problem, w, true), residual = residualOf(w, now.g, problem);
    while (steps < maxSteps && residual > 1e-14 * scale) {
      const { value: f, g, H } = now;
      let d = shape === "ball" ? stepInBall(H, g, w, R) : stepInBox(H, g, w, shape, R);
      const found = d !== null, close = found && residual <= 1e-5 * scale;
      let bold = false;
      if (found) { // where outputs saturate the model may be flat: go no farther than across
        let reach = d.reduce((s, x) => s + Math.abs(x) * scale, 0);
        if (reach > 20) reach = Z.reduce((m, z) => Math.max(m, Math.abs(dot(z, d))), 0);
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
      [w, residual, now] = [trial, nextResidual, terms(problem, trial, true)];
      steps++;
    }
    return { w, loss: now.value, residual, steps };
  }

  /** The separator with the largest margin in the plane, or null: the distance of two hulls, by Gilbert's algorithm. */
  function maxMargin(points) {
    const sides = [1, -1].map((label) => points.filter(({ y }) => y === label).map(({ x }) => x));
    if (!sides[0].length || !sides[1].length) return null;
    const extreme = (side, u) => side.reduce((best, x) => (dot(x, u) > dot(best, u) ? x : best));
    const nearest = (u) => moved(extreme(sides[0], u.map((v) => -v)), -1, extreme(sides[1], u)); // of the difference
    const onEdge = (a, b) => {
      const e = moved(b, -1, a), length = dot(e, e);
      const t = length > 0 ? Math.min(Math.max(-dot(a, e) / length, 0), 1) : 0;
      return { v: moved(a, t, e), ends: t === 0 ? [a] : t === 1 ? [b] : [a, b] };
    };
    const turn = (a, b) => Math.sign(a[0] * b[1] - a[1] * b[0]);
    let v = moved(sides[0][0], -1, sides[1][0]), ends = [v];
    for (let k = 0; k < 1000; k++) {
      if (dot(v, v) === 0) return null;
      const s = nearest(v);
      if (dot(v, v) - dot(v, s) <= 1e-15 * dot(v, v)) break;
      if (ends.length === 2) {
        const [a, b] = ends, turns = [turn(a, b), turn(b, s), turn(s, a)];
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
    return { w: [...w, -(low + high) / (low - high)], margin: (low - high) / 2 / norm(v) };
  }

  /** The lowest mean loss among weights without a negative margin, by a barrier from inside; `free` is the unit's fit. */
  function bestSeparator(problem, widest, free) {
    if (!widest) return null;
    const { Z, shape, R, loss } = problem;
    const attained = lost(Z, free.w).some(Boolean) ? [] : [free];
    if (attained.length && (loss === "cross-entropy" || free.loss < 1e-15)) return free;
    const size = shape === "box" ? largest(widest) : shape === "ball" ? norm(widest) : 1;
    const inside = widest.map((x) => (shape === "none" ? 2 * x : (0.9 * R * x) / size));
    // Not convex: a high barrier leads from anywhere to one path, a low one leaves the search near its start.
    const starts = loss === "cross-entropy" ? [[1, 1e-2]] : [[1, 1e-2], [1, 1e-6], [0.1, 1e-6]];
    const answers = starts.map(([s, mu]) => fromInside(problem, inside.map((x) => s * x), mu));
    return [...attained, ...answers].reduce((a, b) => (b.loss < a.loss ? b : a));
  }

  function fromInside(problem, start, highest) {
    let w = start;
    for (let mu = highest; mu >= 1e-11; mu *= 0.04) {
      for (let k = 0; k < 15; k++) {
        const { value, g, H } = barrier(problem, w, mu);
        const found = factor(H);
        if (!found) break;
        const d = solve(found.L, g.map((x) => -x)), downhill = dot(g, d);
        if (!(downhill < -0.1 * mu)) break;
        let step = 1;
        while (step > 1e-12 && !(barrier(problem, moved(w, step, d), mu, false).value <= value + 1e-4 * step * downhill)) step *= 0.5;
        if (step <= 1e-12) break;
        w = moved(w, step, d);
      }
    }
    return { w, loss: terms(problem, w).value };
  }

  /** Mean loss plus mu times a barrier: -log of each margin and of the room inside the bound. */
  function barrier(problem, w, mu, withHessian = true) {
    const { Z, shape, R } = problem, p = w.length, outside = { value: Infinity };
    const { value: f, g, H } = terms(problem, w, withHessian);
    let value = f;
    for (const z of Z) {
      const m = dot(z, w);
      if (!(m > 0)) return outside;
      value -= mu * Math.log(m);
      for (let j = 0; withHessian && j < p; j++) {
        g[j] -= (mu / m) * z[j];
        for (let k = 0; k < p; k++) H[j][k] += (mu / m ** 2) * z[j] * z[k];
      }
    }
    const ball = shape === "ball" ? R * R - dot(w, w) : 1;
    for (let j = 0; shape !== "none" && j < p; j++) {
      const room = shape === "box" ? R * R - w[j] * w[j] : ball;
      if (!(room > 0)) return outside;
      value -= (mu * Math.log(room)) / (shape === "ball" ? p : 1);
      for (let k = 0; withHessian && k < p; k++) {
        const same = +(j === k), crossed = shape === "ball" || same;
        if (crossed) H[j][k] += mu * ((2 * same) / room + (4 * w[j] * w[k]) / room ** 2);
      }
      if (withHessian) g[j] += (mu * 2 * w[j]) / room;
    }
    return { value, g, H };
  }

  /**
   * What the law of the ignored spoiler needs, for the box: gamma0, the largest g with every base margin z.v >= g and
   * the spoiler's z.v >= 0 over |v_j| <= 1, and the multipliers. A linear programme in v = a - b, a, b, g >= 0, by the
   * simplex method with Bland's rule; v = 0 is where it starts. Null where there is no conflict, or gamma0 is zero.
   */
  function law(base, spoiler) {
    const p = spoiler.length, width = 2 * p + 1;
    const split = (z, sign, g) => [...z.map((x) => sign * x), ...z.map((x) => -sign * x), g];
    const table = [...base.map((z) => [...split(z, -1, 1), 0]), [...split(spoiler, -1, 0), 0]];
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

  return { rows, perceptron, unit, lost, terms, maxMargin, bestSeparator, law, lawLogN, norm };
})();
