/* One step after another: the perceptron's updates or the steps of descent, in the plane and as a curve of what falls. */
const Play = (() => {
  const node = document.getElementById("steps"), LEFT = 64, RIGHT = 582, TOP = 12, BOTTOM = 118, MOST_STEPS = 1e5, KEPT = 600;
  const text = (x, y, anchor) => svg("text", { x, y, "text-anchor": anchor });
  const curve = svg("path", {}), goal = svg("path", { class: "goal" }), high = text(LEFT - 8, TOP + 10, "end"), low = text(LEFT - 8, BOTTOM, "end"), last = text(RIGHT, BOTTOM + 22, "end");
  low.textContent = "0";
  node.append(svg("path", { class: "frame", d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` }), goal, curve, high, low, last);
  let problem, points, least, walk = null, rule = "perceptron", trail = [], timer = 0, looked = null;

  /** Take a situation: what was under way is forgotten. */
  function begin(situation) {
    ({ problem, points, least } = situation);
    if (walk) stop();
    [walk, looked] = [null, null];
    draw();
  }
  function stop() {
    clearTimeout(timer);
    timer = 0;
    document.getElementById("play").textContent = "▶ play";
  }

  const value = () => (rule === "perceptron" ? Rules.lost(problem.Z, walk.w).filter(Boolean).length : walk.loss);
  const count = () => (rule === "perceptron" ? walk.updates : walk.steps);
  const ended = () => (rule === "perceptron" ? walk.clean === points.length : walk.residual < 1e-9) || count() >= MOST_STEPS;

  /** Go on by some steps. */
  function advance(steps) {
    if (!walk) {
      rule = document.getElementById("played").value;
      walk = rule === "perceptron" ? Rules.updates(points) : Rules.descent(problem, 10 ** document.getElementById("rate").value);
      trail = [[0, value()]];
    }
    for (let k = 0; k < steps && !ended(); k++) {
      const index = walk.next();
      looked = rule === "perceptron" && index >= 0 ? points[index] : null;
    }
    trail.push([count(), value()]);
    if (trail.length > KEPT) trail = trail.filter((_, k) => k % 2 === 0 || k === trail.length - 1);
    draw();
  }

  /** Play on, a step at a time at first and ever more of them, or pause. */
  function toggle() {
    if (timer) return stop();
    document.getElementById("play").textContent = "❚❚ pause";
    const frame = () => {
      advance(walk ? 1 + (count() >> 4) : 1);
      if (ended()) stop();
      else timer = setTimeout(frame, 60);
    };
    timer = setTimeout(frame, 0);
  }

  function draw() {
    Plane.play(rule === "perceptron" ? "perceptron" : "unit", walk && walk.w, looked);
    const most = walk ? trail.reduce((m, [, v]) => Math.max(m, v), rule === "descent" ? least : 0) || 1 : 1, end = walk ? Math.max(count(), 1) : 1;
    const at = ([k, v]) => `${(LEFT + ((RIGHT - LEFT) * k) / end).toFixed(1)} ${(BOTTOM - ((BOTTOM - TOP) * v) / most).toFixed(1)}`;
    node.toggleAttribute("hidden", !walk);
    document.getElementById("row-rate").hidden = document.getElementById("played").value === "perceptron";
    curve.setAttribute("class", `curve ${rule === "perceptron" ? "perceptron" : "unit"}`);
    curve.setAttribute("d", walk ? `M${trail.map(at).join("L")}` : "");
    goal.setAttribute("d", walk && rule === "descent" ? `M${at([0, least])}L${at([end, least])}` : "");
    high.textContent = walk ? short(most) : "";
    last.textContent = walk ? `${count().toLocaleString("en")} ${rule === "perceptron" ? "update" : "step"}${count() === 1 ? "" : "s"}` : "";
    document.getElementById("steps-note").textContent = walk ? said() : "Watch the boundary move: the perceptron update by update, or the unit by steps of descent from zero, with the loss, or how many points are wrong, beside.";
  }
  function said() {
    if (rule === "descent") return `Mean ${problem.penalty ? "loss and penalty" : "loss"} ${short(walk.loss)}; ⋯ the unit above has ${short(least)}.${walk.residual < 1e-9 ? " Descent has arrived." : ""}`;
    const wrong = value(), by = looked && looked.row ? `, by row ${looked.row}` : "";
    return `${wrong} point${wrong === 1 ? "" : "s"} on the wrong side after ${count() ? `this update${by}` : "no update"}.${walk.clean === points.length ? " The perceptron stops." : ""}`;
  }

  const restart = () => begin({ problem, points, least });
  document.getElementById("step").addEventListener("click", () => { if (timer) stop(); advance(1); });
  document.getElementById("play").addEventListener("click", toggle);
  document.getElementById("restart").addEventListener("click", restart);
  for (const id of ["played", "rate"]) document.getElementById(id).addEventListener("input", restart);
  return { begin };
})();
