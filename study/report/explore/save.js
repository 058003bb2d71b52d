/* What is shown, as files: the plane as SVG and PNG, and its points as CSV. Nothing but what is drawn is in them. */
const Save = (() => {
  const DRAWN = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "opacity", "font-family", "font-size"];
  const LINE = 22;

  /** A copy of a drawing that needs no style sheet, with lines of text below. */
  function picture(node, lines) {
    const copy = node.cloneNode(true), height = SIZE + LINE * lines.length + 14;
    const shown = [...node.querySelectorAll("*")], copied = [...copy.querySelectorAll("*")];
    shown.forEach((one, k) => {
      if (one.localName === "g" && !one.hasAttribute("class")) return;
      if (one.classList.contains("chosen")) return copied[k].remove();
      const style = getComputedStyle(one);
      for (const name of DRAWN) copied[k].setAttribute(name, style.getPropertyValue(name));
      copied[k].removeAttribute("class");
    });
    const ink = getComputedStyle(document.body).color, paper = getComputedStyle(document.documentElement).backgroundColor;
    for (const { name } of [...copy.attributes]) copy.removeAttribute(name);
    for (const [name, value] of Object.entries({ xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${SIZE} ${height}`, width: SIZE, height })) copy.setAttribute(name, value);
    const clip = svg("clipPath", { id: "plane" }, svg("rect", { width: SIZE, height: SIZE })), clipped = svg("g", { "clip-path": "url(#plane)" }, ...copy.childNodes);
    const texts = lines.map((words, k) => {
      const text = svg("text", { x: 8, y: SIZE + LINE * (k + 1), fill: ink, "font-family": getComputedStyle(document.body).fontFamily, "font-size": 14 });
      text.textContent = words;
      return text;
    });
    copy.replaceChildren(svg("rect", { width: SIZE, height, fill: paper }), clip, clipped, ...texts);
    return new XMLSerializer().serializeToString(copy);
  }

  /** An SVG as the bytes of a PNG, at twice its size. */
  async function png(text) {
    const image = new Image(), canvas = document.createElement("canvas");
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    Object.assign(canvas, { width: 2 * image.width, height: 2 * image.height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve));
  }

  /** Rows of cells as CSV; a cell is in quotes where it must be. */
  const csv = (rows) => rows.map((cells) => cells.map((cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${String(cell).replace(/"/g, '""')}"` : cell)).join(",")).join("\n") + "\n";

  /** Hand a file to the browser, which puts it where downloads go. */
  function hand(name, blob) {
    const link = document.createElement("a"), address = URL.createObjectURL(blob);
    Object.assign(link, { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  return { picture, png, csv, hand };
})();
