# SPDX-License-Identifier: BSL-1.0
"""What was measured, kept as JSON lines, and what can be said of it: medians, ranges, ratios of the same round."""
import json
import statistics
from collections import defaultdict
from pathlib import Path

from comparison.peers import BY_NAME as PEERS


class Figures:
    """One metric of one peer at one point: a value per round."""

    def __init__(self, by_round):
        self.by_round = by_round

    @property
    def median(self):
        return statistics.median(self.by_round.values())

    @property
    def least(self):
        return min(self.by_round.values())

    @property
    def greatest(self):
        return max(self.by_round.values())

    def over(self, other):
        """Ratios of the rounds in which both were measured: neighbours in time share their noise."""
        shared = self.by_round.keys() & other.by_round.keys()
        return Figures({number: self.by_round[number] / other.by_round[number] for number in shared if other.by_round[number]})

    @property
    def is_noise(self):
        """Of ratios: whether some rounds say the one, and some the other."""
        return self.least <= 1 <= self.greatest


class Results:
    def __init__(self, path):
        self.path = Path(path)
        self.machine, self.failures = {}, []
        self.figures = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))  # point, metric, peer, round
        for line in self.path.read_text().splitlines():
            row = json.loads(line)
            if "machine" in row:
                self.machine = row["machine"]
            elif "failed" in row:
                self.failures.append(row)
            else:
                for key, value in row["figures"].items():
                    self.figures[row["point"]][key][row["peer"]][row["round"]] = value

    def of(self, point, metric, peer):
        found = self.figures.get(point, {}).get(metric, {}).get(peer)
        return Figures(found) if found else None

    def peers(self, point, metric):
        """Those that were measured there, the best first: [(peer, figures)]."""
        found = [(PEERS[name], Figures(each)) for name, each in self.figures.get(point, {}).get(metric.key, {}).items()]
        return sorted(found, key=lambda one: one[1].median, reverse=metric.more_is_better)
