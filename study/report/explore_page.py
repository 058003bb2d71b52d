"""The page to touch, of the sources in the folder `explore`: one file, which asks nothing of a server."""

from collections.abc import Mapping
from json import dumps
from pathlib import Path

from study.report.style import OKABE_ITO, RULES

SOURCES = Path(__file__).parent / "explore"
SCRIPTS = ("rules", "table", "plane", "phase", "play", "save", "page")
PAPER = '<a href="../build/paper.html">The paper</a> says what holds, and why; <code>make reproduce</code> renders it.'


def render_page(presets: Mapping[str, str]) -> str:
    """Return the page, which offers these situations, each as the address that holds it."""
    colours = {"perceptron": RULES["perceptron"]["color"], "unit": RULES["unit"]["color"], "focus": OKABE_ITO["sky"]}
    root = ":root { " + " ".join(f"--{name}: {hexadecimal(colour)};" for name, colour in colours.items()) + " }\n"
    parts = {name: (SOURCES / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS}
    parts["style"] = root + (SOURCES / "style.css").read_text(encoding="utf-8")
    parts |= {"presets": dumps(presets, indent=1), "given": "null", "paper": PAPER}
    text = (SOURCES / "page.html").read_text(encoding="utf-8")
    for name, content in parts.items():
        text = text.replace(f"/*{{{name}}}*/", content.strip(), 1)
    return text


def hexadecimal(colour: tuple[float, float, float] | str) -> str:
    """Return a colour as style sheets write it."""
    return colour if isinstance(colour, str) else "#" + "".join(f"{round(255 * part):02x}" for part in colour)
