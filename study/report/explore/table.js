/*
 * A table of the reader's own, free of any page: delimited text in, points of the plane out, or a `Fault` whose message
 * is one line that names what is wrong. What the text holds is compared and counted, never run.
 */
const Table = (() => {
  const MOST_BYTES = 4e6, MOST_ROWS = 2000, MOST_COLUMNS = 200, EDGE = 1000, RIDGE = 1e-3;
  const LABELS = ["label", "class", "y", "target", "outcome", "diagnosis", "species"];
  const DIRECTION = "direction", NOTHING = "nothing"; // beside the number of a column, what an axis may show
  class Fault extends Error {}

  /** A text on one line, and no longer than is read. */
  const shorten = (text) => text.slice(0, 200).replace(/\s+/g, " ").replace(/^(.{39}).{2,}/u, "$1…");
  const quoted = (text) => `'${shorten(text)}'`;
  const grouped = (n) => n.toLocaleString("en");
  const isNumber = (cell) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell) && Math.abs(+cell) <= 1e100;
  /** A cell with points for commas, and commas for points. */
  const swap = (cell) => cell.replace(/[.,]/g, (mark) => (mark === "." ? "," : "."));
  /** Whether a cell is a number, or would be one but for what is not read: $1, 1%, 1 000. */
  const isAmount = (cell) => isNumber(cell) || isNumber(swap(cell)) || (/\d/.test(cell) && !/\p{L}/u.test(cell));
  const isGap = (cell) => /^(\?|<na>|#?na|#?n\/a|null|none|-?nan)?$/i.test(cell);
  /** Whether a column is one of numbers: half of its cells or more are amounts, beside gaps. */
  function isNumeric(cells) {
    const filled = cells.filter((cell) => !isGap(cell));
    return 2 * filled.filter(isAmount).length >= filled.length;
  }
  const place = (table, row, column) => `row ${table.rows[row]}, column ${quoted(table.names[column])}`;

  const QUOTED = '(?<![^\\s,;|])"[^"]*(?:""[^"]*)*"'; // this, delimiters, and the decimal mark as in study/datasets
  /**
   * The character that stands in the rows as often as in the first, in most of them, and oftenest there; what is quoted
   * does not count. Spaces only where no other does so in half of the rows.
   */
  function delimiterOf(text) {
    const lines = text.replace(RegExp(QUOTED, "g"), "q").split("\n").filter((line) => line.trim()).slice(0, 100);
    const fit = (lines, between) => {
      const [first, ...others] = lines.map((line) => line.split(between).length - 1);
      return first ? [others.filter((n) => n === first).length / Math.max(others.length, 1), first] : [0, 0];
    };
    const [share, often, best] = ["\t", ";", "|", ","].map((c) => [...fit(lines, c), c]).reduce((a, b) => (b[0] > a[0] || (b[0] === a[0] && b[1] > a[1]) ? b : a));
    return often && (share >= 0.5 || share >= fit(lines.map((line) => line.trim()), /[ \t]+/)[0]) ? best : " ";
  }

  /** Rows of trimmed cells with their numbers, as a spreadsheet counts; in quotes a cell may hold anything, and "" is one quote. */
  function split(given, delimiter) {
    const spaces = RegExp(`(${QUOTED})|[ \\t]*(\\n|^|$)[ \\t]*|[ \\t]+`, "g"), rows = [];
    const text = delimiter === " " ? given.replace(spaces, (_, quote, end) => quote ?? end ?? " ") : given;
    let cells = [], cell = "", quotes = false, row = 1;
    const endRow = () => {
      cells.push(cell.trim());
      if (cells.some(Boolean)) rows.push({ cells, row });
      if (rows.length > MOST_ROWS + 1) throw new Fault(`row ${row}: more than ${grouped(MOST_ROWS)} rows; the page takes no more`);
      [cells, cell] = [[], ""];
      row++;
    };
    for (let i = 0; i < text.length; i++) {
      const c = text[i];
      if (quotes) {
        if (c !== '"') cell += c;
        else if (text[i + 1] === '"') cell += text[++i];
        else quotes = false;
      } else if (c === '"' && cell.trim() === "") [quotes, cell] = [true, ""];
      else if (c === delimiter) {
        cells.push(cell.trim());
        cell = "";
        if (cells.length >= MOST_COLUMNS) throw new Fault(`row ${row}: more than ${MOST_COLUMNS} columns; the page takes no more`);
      } else if (c === "\n") endRow();
      else cell += c;
    }
    if (quotes) throw new Fault(`not a table: row ${row} opens a quote that nothing closes`);
    endRow();
    return rows;
  }

  /** Names, columns of cells, and the number of each row. A header is a first row with words above numbers, or with two words. */
  function parse(given, notes = []) {
    if (given.length > MOST_BYTES) throw new Fault(`the text is longer than ${grouped(MOST_BYTES)} characters; the page takes no more`);
    let text = given.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
    const odd = text.match(/[\0-\x08\x0e-\x1f]/);
    if (odd) throw new Fault(`row ${text.slice(0, odd.index).split("\n").length}: not text: it holds the byte ${odd[0].charCodeAt(0)}`);
    const hint = text.match(/^\n*"?sep=(.)"?\n/i); // Excel's way to name the delimiter
    if (hint) text = hint[0].replace(/[^\n]/g, "") + text.slice(hint[0].length);
    const delimiter = hint ? hint[1] : delimiterOf(text), records = split(text, delimiter);
    if (records.length < 2) throw new Fault("fewer than two rows: a row for each point is needed");
    let [{ cells: first, row: top }, ...others] = records;
    const isLonger = ({ cells }) => cells.slice(first.length).some(Boolean);
    if (others.some(isLonger) && others.every(({ cells }) => cells.length === first.length + 1)) first = ["", ...first]; // R names rows, and not their column
    const longer = others.find(isLonger);
    if (longer) throw new Fault(`not a table: row ${longer.row} has ${longer.cells.length} cells, and the header ${first.length}`);
    let columns = first.map((cell, j) => [cell, ...others.map(({ cells }) => cells[j] || "")]), numbers = records.map(({ row }) => row);
    const header = columns.some(([cell, ...below]) => !isAmount(cell) && isNumeric(below)) || first.filter(isAmount).length < Math.max(first.filter(Boolean).length - 2, 1);
    let names = first.map((cell, j) => (header && cell) || `column ${j + 1}`);
    const again = names.findIndex((name, j) => names.indexOf(name) < j);
    if (again >= 0) throw new Fault(`row ${top}: columns ${names.indexOf(names[again]) + 1} and ${again + 1} are both named ${quoted(names[again])}; rename one`);
    const isNameless = first.map((cell) => !header || /^(|Unnamed: \d+|\.\.\.\d+)$/.test(cell)); // the last two by pandas and by R's readr
    const isKept = columns.map((cells, j) => !isNameless[j] || cells.slice(header ? 1 : 0).some(Boolean)); // not delimiters at the end of each line
    if (isKept.filter(Boolean).length < 2) throw new Fault(`row ${top}: ${quoted(first.join(""))} is one cell; columns need commas, semicolons, tabs or spaces between them`);
    const needed = isKept.lastIndexOf(true) + 1, shorter = others.find(({ cells }) => cells.length < needed);
    if (shorter) throw new Fault(`not a table: row ${shorter.row} has ${shorter.cells.length} cell${shorter.cells.length > 1 ? "s" : ""}, and the ${header ? "header" : "first"} ${needed}; write empty cells with their delimiters`);
    const start = isKept.indexOf(true), counted = columns[start].slice(1);
    if (header && isNameless[start] && new Set(counted).size === counted.length && counted.every((cell) => /^\d+$/.test(cell))) {
      isKept[start] = false;
      notes = [...notes, `Row numbers, left out: ${names[start]}, to which the header gives no name`];
    }
    [names, columns] = [names, columns].map((all) => all.filter((_, j) => isKept[j]));
    if (header) [columns, numbers] = [columns.map((cells) => cells.slice(1)), numbers.slice(1)];
    if (numbers.length > MOST_ROWS) throw new Fault(`row ${numbers[MOST_ROWS]}: more than ${grouped(MOST_ROWS)} rows; the page takes no more`);
    return { names, columns, rows: numbers, numeric: columns.map(isNumeric), delimiter, notes };
  }

  /** The text of a file, and notes: UTF-8, UTF-16 with a mark, else Windows-1252. */
  function decode(bytes) {
    const [a, b] = new Uint8Array(bytes), wide = a === 0xff && b === 0xfe ? "utf-16le" : a === 0xfe && b === 0xff ? "utf-16be" : "";
    try {
      return [new TextDecoder(wide || "utf-8", { fatal: true }).decode(bytes), []];
    } catch {
      if (wide) throw new Fault("not text: damaged UTF-16");
      return [new TextDecoder("windows-1252").decode(bytes), ["Not UTF-8: read as Windows-1252"]];
    }
  }

  /** The two values of a label, the larger one last; numbers stand before words. */
  function classes(table, j) {
    const cells = table.columns[j], gap = cells.indexOf(""), name = quoted(table.names[j]), { rows } = table;
    if (gap >= 0) throw new Fault(`${place(table, gap, j)}: ${missing("")}`);
    const found = [...new Set(cells)], values = found.slice().sort((a, b) => isNumber(b) - isNumber(a) || (isNumber(a) && a - b) || (a < b ? -1 : 1));
    if (values.length === 1) throw new Fault(`column ${name} has the value ${shorten(values[0])} in every row (${rows[0]} to ${rows[rows.length - 1]}); two are needed`);
    const shown = values.slice(0, 8).map(shorten).join(", ") + (values.length > 8 ? ", ..." : "");
    if (values.length > 2) throw new Fault(`column ${name} has ${values.length} values (${shown}), a third in row ${rows[cells.indexOf(found[2])]}; two are needed`);
    return values;
  }

  /**
   * The columns that have two values: what may be the label; first a usual name, then the last. A usual name, and words in
   * the last column, are meant to be the label, so that no other column takes their place; numbers named y may be a feature.
   * Where the label is known, it stands first.
   */
  function labels(table, label) {
    const { names, columns, numeric } = table, sizes = columns.map((cells) => new Set(cells.filter(Boolean)).size);
    const order = names.map((_, j) => j).sort((a, b) => rank(names[a]) - rank(names[b]) || b - a);
    const isUsual = (j) => rank(names[j]) < LABELS.length && !(numeric[j] && names[j].toLowerCase() === "y");
    const meant = label ?? order.find((j) => isUsual(j) || (j === names.length - 1 && !numeric[j])), found = order.filter((j) => sizes[j] === 2);
    const few = order.filter((j) => sizes[j] > 1).sort((a, b) => sizes[a] - sizes[b]);
    if (meant !== undefined && sizes[meant] !== 2) classes(table, meant);
    if (!found.length) classes(table, few.length ? few[0] : order[0]);
    return found.sort((a, b) => (b === meant) - (a === meant));
  }
  const rank = (name) => { const at = LABELS.indexOf(name.toLowerCase()); return at < 0 ? LABELS.length : at; };

  /** The columns of numbers beside the label. */
  const features = ({ numeric }, label) => numeric.flatMap((is, j) => (is && j !== label ? [j] : []));

  /** What the axes show unless something else is chosen: two columns, or the most telling directions of more. */
  function usual(table, label) {
    const found = features(table, label);
    if (!found.length) throw new Fault(`no column of numbers stands beside the label ${quoted(table.names[label])}`);
    if (found.length > 2) return [DIRECTION, DIRECTION];
    return [String(found[0]), found.length > 1 ? String(found[1]) : NOTHING];
  }

  /** A table with points for decimal marks: a comma is one where more features are numbers so. */
  function decimal(table, label) {
    const used = features(table, label), cells = used.flatMap((j) => table.columns[j]);
    const commas = cells.filter((cell) => cell.includes(",") && isNumber(swap(cell)));
    if (commas.length <= cells.filter((cell) => cell.includes(".") && isNumber(cell)).length) return table;
    const [comma] = commas, j = used.find((k) => table.columns[k].includes(comma));
    if (table.delimiter === "," && commas.every((cell) => /^[+-]?[1-9]\d{0,2}(,\d{3})+$/.test(cell)))
      throw new Fault(`${place(table, table.columns[j].indexOf(comma), j)}: ${quoted(comma)} may be a number with thousands or with decimals; write it without the comma`);
    const columns = table.columns.map((all, k) => (used.includes(k) ? all.map(swap) : all));
    return { ...table, columns, mark: ",", notes: [...table.notes, `A comma is read as the decimal mark: ${comma} is ${swap(comma)}`] };
  }

  const missing = (cell) => `the value is missing${cell && ` (${cell})`}; fill the cell, or leave the row out`;
  /** A column as numbers. */
  function numbers(table, j) {
    const row = table.columns[j].findIndex((cell) => !isNumber(cell)), cell = table.columns[j][row];
    if (row >= 0 && isGap(cell)) throw new Fault(`${place(table, row, j)}: ${missing(cell)}`);
    if (row >= 0) throw new Fault(`${place(table, row, j)}: ${quoted(table.mark ? swap(cell) : cell)} is not a number${isNumber(swap(cell)) ? ` with the decimal mark '${table.mark || "."}'` : ""}; mend it, or leave the column out`);
    return table.columns[j].map(Number);
  }

  /** Values with mean 0 and standard deviation 1, or null where all are equal. */
  function standardise(values) {
    const low = Math.min(...values), extent = Math.max(...values) - low;
    if (!(extent > 0)) return null;
    const U = values.map((v) => (v - low) / extent), mean = U.reduce((a, b) => a + b) / U.length;
    const spread = Math.sqrt(U.reduce((s, u) => s + (u - mean) ** 2, 0) / U.length);
    return U.map((u) => (u - mean) / spread);
  }

  const inner = (a, b) => { let s = 0; for (let i = 0; i < a.length; i++) s += a[i] * b[i]; return s; };
  /** The inner product of each column with each, divided by the number of rows. */
  function products(Z) {
    const S = Z.map(() => []);
    Z.forEach((a, j) => { for (let k = 0; k <= j; k++) S[j][k] = S[k][j] = inner(a, Z[k]) / a.length; });
    return S;
  }

  /** Solve (S + shift I) x = b, S symmetric and not negative, by elimination in place. */
  function solve(S, shift, b) {
    const A = S.map((row, j) => row.map((v, k) => v + (j === k ? shift : 0))), x = b.slice(), p = b.length;
    for (let j = 0; j < p; j++)
      for (let i = j + 1; i < p; i++) {
        const times = A[i][j] / A[j][j];
        for (let k = j; k < p && times !== 0; k++) A[i][k] -= times * A[j][k];
        x[i] -= times * x[j];
      }
    for (let j = p - 1; j >= 0; j--) {
      for (let k = j + 1; k < p; k++) x[j] -= A[j][k] * x[k];
      x[j] /= A[j][j];
    }
    return x;
  }

  /** What remains of columns when the part that some scores explain is taken off. */
  const without = (scores, Z) => Z.map((z) => { const part = inner(z, scores) / inner(scores, scores); return z.map((v, i) => v - part * scores[i]); });
  /** The sum of columns, each times its weight. */
  const mix = (weights, Z) => Z[0].map((_, i) => weights.reduce((s, w, j) => s + w * Z[j][i], 0));

  /**
   * The two most telling directions of the standardised columns Z (a list of columns) for labels y, as the weights of the
   * columns and the scores of the rows: Fisher's, the difference of the class means under the pooled covariance, with a
   * thousandth of the mean variance on its diagonal so that repeated columns do no harm; and the leading principal
   * component, by power iteration, of what the first leaves unexplained, so that both scores are uncorrelated.
   */
  function directions(Z, y) {
    const p = Z.length, unit = (v) => { const size = Math.sqrt(inner(v, v)); return v.map((x) => (size > 0 ? x / size : 0)); };
    const means = [1, -1].map((label) => Z.map((z) => z.reduce((s, v, i) => s + (y[i] === label ? v : 0), 0) / y.filter((l) => l === label).length));
    const centred = Z.map((z, j) => z.map((v, i) => v - means[y[i] > 0 ? 0 : 1][j]));
    const S = products(centred), trace = S.reduce((s, row, j) => s + row[j], 0);
    const first = unit(solve(S, RIDGE * (trace / p || 1), means[0].map((m, j) => m - means[1][j])));
    const scores = mix(first, Z), rest = inner(scores, scores) > 0 ? without(scores, Z) : Z;
    const T = products(rest);
    let second = unit(Z.map((_, j) => 1 + j / p));
    for (let k = 0; k < 1000; k++) {
      const next = unit(T.map((row) => inner(row, second))), moved = next.reduce((m, x, j) => Math.max(m, Math.abs(x - second[j])), 0);
      second = next;
      if (moved < 1e-10) break;
    }
    const heaviest = second.reduce((best, x) => (Math.abs(x) > Math.abs(best) + 1e-9 ? x : best), 0);
    if (heaviest < 0) second = second.map((x) => -x);
    return [{ weights: first, scores }, { weights: second, scores: mix(second, rest) }];
  }

  /** The two most telling directions as axes, of all columns of numbers that vary. */
  function telling(table, label, y) {
    const left = [], used = [], Z = [];
    for (const j of features(table, label)) {
      const z = standardise(numbers(table, j));
      if (z) { used.push(j); Z.push(z); } else left.push(`${shorten(table.names[j])} (${table.columns[j][0]} in every row)`);
    }
    if (!used.length) throw new Fault("no column of numbers varies, so there is no direction to show");
    const axes = directions(Z, y).map(({ weights: v, scores }, k) => {
      const heaviest = v.reduce((best, x, j) => (Math.abs(x) > Math.abs(v[best]) + 1e-9 ? j : best), 0);
      const flat = Math.max(...scores) - Math.min(...scores) < 1e-9;
      return { values: flat ? y.map(() => 0) : standardise(scores), name: `direction ${k + 1}, mostly ${shorten(table.names[used[heaviest]])}` };
    });
    return { axes, left };
  }

  /** The columns of words beside the label, each with the first cell that is no number. */
  const wordy = (table, label) => table.columns.flatMap((cells, j) => {
    if (j === label || table.numeric[j]) return [];
    const row = cells.findIndex((cell) => !isNumber(cell));
    return [`${shorten(table.names[j])} (${quoted(cells[row])} in row ${table.rows[row]} is not a number)`];
  });

  /**
   * The points of a table: `label` a column, `axes` two of a column's number, "direction" and "nothing"; columns are
   * standardised on demand, directions always. `positive` names the class on the positive side; else it is the larger.
   */
  function points(given, { label, axes, scaled, positive }) {
    const ordered = classes(given, label), table = decimal(given, label), cells = table.columns[label];
    const [minus, plus] = ordered.includes(positive) ? [ordered.find((v) => v !== positive), positive] : ordered;
    for (const j of features(table, label)) numbers(table, j); // none may be left out unseen
    const y = cells.map((cell) => (cell === plus ? 1 : -1)), { axes: told, left } = axes.includes(DIRECTION) ? telling(table, label, y) : { left: [] };
    const shown = axes.map((axis, k) => {
      if (axis === NOTHING) return { values: y.map(() => 0), name: "" };
      return axis === DIRECTION ? told[k] : column(table, +axis, scaled);
    });
    const leftOut = [...wordy(table, label), ...left];
    return {
      points: y.map((sign, i) => ({ x: shown.map((axis) => axis.values[i]), y: sign, spoiler: false, row: table.rows[i] })),
      names: shown.map(({ name }) => name), classes: [shorten(minus), shorten(plus)], notes: [...table.notes, ...(leftOut.length ? [`Left out: ${leftOut.join(", ")}`] : [])],
    };
  }

  function column(table, j, scaled) {
    const name = shorten(table.names[j]), values = numbers(table, j), standardised = standardise(values);
    if (scaled && !standardised) throw new Fault(`column ${quoted(name)} has the value ${table.columns[j][0]} in every row; choose another`);
    const far = scaled ? -1 : values.findIndex((v) => Math.abs(v) > EDGE);
    if (far >= 0) throw new Fault(`${place(table, far, j)}: ${table.columns[j][far]} lies beyond ${EDGE}, the edge of the plane; standardise`);
    return { values: scaled ? standardised : values, name };
  }

  /** A table that is read already. */
  const given = ({ names, columns, rows }) => ({ names, columns, rows, numeric: columns.map(isNumeric), notes: [] });

  return { Fault, decode, parse, given, labels, features, usual, points, directions, MOST_BYTES, MOST_ROWS, DIRECTION, NOTHING, shorten };
})();
