"""A page for each result: the numbers that the paper cites, and how they came about."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from study.report.numbers import RESULTS

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 Georgia, serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; font: 14px/1.5 monospace; }
td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
tr:target { outline: 2px solid #d55e00; }
"""


def number_page(name: str, record: Mapping[str, Any]) -> str:
    """Return a page in HTML; each number stands in a row whose id is its key, to which the links of the paper lead."""
    tables = ", ".join(f'<a href="../../{RESULTS}/{file}">{escape(file)}</a>' for file in record["tables"])
    declared = ((f"declaration.{key}", value) for key, value in _flat(record["declaration"]))
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{name}: numbers</title><style>{STYLE}</style></head>
<body>
<h1>{name}</h1>
<p>{escape(record["question"])}</p>
<p><code>experiments/{name}.py</code> made the tables {tables}, and derived the numbers below from them alone.
<code>study run {name} --fresh</code> computes them again and compares;
<code>study cite {name}.KEY</code> says how to cite one.</p>
<p>Seal: <code>{record["seal"]}</code>. Digest of the code: <code>{record["digest"]}</code>.</p>
<h2>Numbers</h2>
{_table(_flat(record["numbers"]))}
<h2>Settings</h2>
{_table(declared)}
</body>
</html>
"""


def _flat(tree: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of each leaf of nested mappings."""
    if isinstance(tree, Mapping):
        for name, branch in tree.items():
            yield from _flat(branch, f"{key}.{name}" if key else name)
    else:
        yield key, tree


def _table(rows: Any) -> str:
    """Return rows of a table, each with its key as id."""
    lines = (f'<tr id="{escape(key)}"><td>{escape(key)}</td><td>{escape(str(value))}</td></tr>' for key, value in rows)
    return "<table>\n" + "\n".join(lines) + "\n</table>"
