"""`study datasets`."""

from study.checks import BadInput
from study.commands.output import say, show, show_json


def datasets(*, json: bool = False) -> None:
    """List the tables that come with installed packages, for --example of compare, price, sweep and certify.

    Parameters
    ----------
    json
        Put one machine-readable object on stdout.
    """
    from study.datasets.shipped import EXAMPLES, SOURCES, load_pair

    rows, absent = [], dict[str, None]()
    for name, (source, pair) in EXAMPLES.items():
        try:
            X, y, _ = load_pair(source, pair)
        except BadInput as error:
            absent[str(error)] = None
            continue
        classes = {SOURCES[source].classes[place]: int((y == k).sum()) for k, place in enumerate(pair)}
        size = {"rows": X.shape[0], "columns": X.shape[1]}
        rows.append({"name": name, "package": SOURCES[source].package, **size, "classes": classes})
    for message in absent:
        say(f"not installed: {message}")
    if json:
        show_json({"datasets": rows})
        return
    head = ["name", "package", "rows", "columns", "classes"]
    said = [", ".join(f"{label} ({n:,})" for label, n in row["classes"].items()) for row in rows]
    lines = [head, *([*map(str, list(row.values())[:-1]), text] for row, text in zip(rows, said, strict=True))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        show("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
