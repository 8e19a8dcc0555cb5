"""
How long before a default the alarms come on the synthetic economy, and how often they come for nothing: the table of
docs/reference/watching.md. Seeds other than those that the lines were set on.

    python scripts/watch_run.py [--firms 150] [--seeds 101 102]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from statistics import median

from hefu.credit.sources import Store, synthetic_firms
from hefu.credit.watching.running import Foretold, events, foretell


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--firms", type=int, default=150)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102])
    asked = parser.parse_args()
    runs = defaultdict[str, list[Foretold]](list)
    for seed in asked.seeds:
        made = synthetic_firms(seed, firms=asked.firms, months=asked.months)
        with Store() as store:
            store.add(made.rows)
            first = made.first_on.replace(year=made.first_on.year + 1)
            for found in foretell(made, list(events(store, first, made.last_on, with_links=False))):
                runs[found.rule].append(found)
    print(f"Synthetic: {asked.firms} firms, {asked.months} months, seeds {asked.seeds}.\n")
    print("| rule | foretold of defaults | median lead, days | false alarms a firm-year |\n|---|---|---|---|")
    for rule, found in runs.items():
        leads = [f.lead_days for f in found if f.lead_days is not None]
        years = sum(f.firm_years for f in found)
        print(
            f"| {rule} | {sum(f.foretold for f in found)} of {max(sum(f.defaults for f in other) for other in runs.values())} "
            f"| {f'{median(leads):.0f}' if leads else '-'} | {sum(f.false for f in found) / years:.2f} |"
        )


if __name__ == "__main__":
    main()
