"""Tables with a label for tests of models: made up, from a seed, as texts of a CSV."""

from __future__ import annotations

import math
import random
from pathlib import Path

SCHEMA = """
label = "defaulted"
positive = ["yes"]
identifiers = ["firm"]
segments = ["region"]
[columns]
sales = { role = "number", unit = "yuan", direction = "safer", lowest = 0 }
debt = { role = "number", direction = "riskier" }
margin = { role = "number" }
age = { role = "number", unit = "years" }
region = { role = "category" }
sector = { role = "category" }
noise = { role = "number" }
"""


def rows(count: int, seed: int = 1) -> list[dict[str, str]]:
    """Firms whose default depends on sales, debt, margin and region; a tenth of the margins are unknown."""
    chance = random.Random(seed)
    found = []
    for i in range(count):
        sales, debt = math.exp(chance.gauss(12, 1.5)), chance.random()
        margin, age = chance.gauss(0.08, 0.1), chance.randint(1, 30)
        region = chance.choice(["North", "south", "East", "West"])
        odds = -2.2 - 0.8 * (math.log(sales) - 12) + 2.5 * (debt - 0.5) - 8 * (margin - 0.08) + (region == "West")
        found.append(
            {
                "firm": f"F{seed}-{i:05d}",
                "sales": f"{sales:.2f}",
                "debt": f"{debt:.6f}",
                "margin": "" if chance.random() < 0.1 else f"{margin:.6f}",
                "age": str(age),
                "region": region,
                "sector": f"S{chance.randint(1, 40)}",
                "noise": f"{chance.gauss(0, 1):.9f}",
                "defaulted": "yes" if chance.random() < 1 / (1 + math.exp(-odds)) else "no",
            }
        )
    return found


def csv_text(found: list[dict[str, str]], separator: str = ",") -> str:
    """The rows as a CSV."""
    header = list(found[0])
    return (
        "\n".join(separator.join(line) for line in [header, *([row[name] for name in header] for row in found)]) + "\n"
    )


def table_file(folder: Path, count: int, seed: int = 1, name: str = "firms.csv") -> Path:
    """The rows as a file."""
    path = folder / name
    path.write_text(csv_text(rows(count, seed)), encoding="utf-8")
    return path
