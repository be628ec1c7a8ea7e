# SPDX-License-Identifier: BSL-1.0
"""REPORT.md and its pictures, made of the results alone."""
import re

from comparison import workloads
from comparison.drawing import bars
from comparison.peers import BARE, BY_NAME as PEERS, CALLBACKS, STACKFUL, STACKLESS

COLOURS = {"green": "#1a7f4b", STACKFUL: "#b8860b", STACKLESS: "#8250a0", CALLBACKS: "#2a5fb0", BARE: "#7a7a7a"}
LONGEST = 12  # times the best: a bar beyond is cut


def number(value, unit=""):
    """Three digits, or all that stand before the point."""
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return digits if unit in ("", "/s") else f"{digits} {unit}"


def file_name(point):
    return re.sub(r"[^a-z0-9]+", "-", point.name.lower()).strip("-") + ".svg"


class Report:
    def __init__(self, results, points, findings):
        self.results, self.points, self.findings = results, points, findings

    def files(self):
        """(name below the report's folder, content); the text last."""
        shown = [point for point in self.points if self.results.peers(point.name, point.workload.metrics[0])]
        for point in shown:
            yield f"report/{file_name(point)}", self.picture(point)
        yield "REPORT.md", "\n".join(self.text(shown)) + "\n"

    def picture(self, point):
        metric = point.workload.metrics[0]
        measured = self.results.peers(point.name, metric)
        least = min(figures.median for _, figures in measured)
        better = "more" if metric.more_is_better else "less"
        groups = [(peer.title, [((series(peer), COLOURS[series(peer)]), figures.median, figures.least, figures.greatest)])
                  for peer, figures in measured]
        axis = f"{metric.title}{f', {metric.unit}' if metric.unit not in ('', '/s') else ''}; {better} is better; line: least to greatest"
        return bars(point.title, axis, "" if metric.unit == "/s" else metric.unit, groups,
                    cut_at=None if metric.more_is_better else least * LONGEST)

    def text(self, shown):
        yield from self.head()
        yield from self.targets()
        yield from self.first_of_their_kind(shown)
        done = None
        for point in shown:
            if point.workload is not done:
                done = point.workload
                yield from ["", f"## {done.title}", "", done.says]
            yield from self.table(point)
            last = point is [each for each in shown if each.workload is done][-1]
            if last and done.name in self.findings:
                yield from ["", self.findings[done.name]]

    def head(self):
        of = self.results.machine
        yield "# green beside what one would use instead"
        yield ""
        yield "Written by `tests/bench/run` from `report/results.jsonl`; what was found out by hand stands in `findings.md`."
        yield ""
        yield "| | |"
        yield "|---|---|"
        for key, value in of.items():
            yield f"| {key} | {value} |"
        yield ""
        yield ("A figure is the median of the rounds, with the least and the greatest behind it. In a round all peers take their "
               "turns one after the other, so that what slows the machine slows all alike; ratios are of the same round. **≈** marks "
               "what cannot be told from the first one: some rounds say the one, and some the other. Compare within a "
               "kind: a stack of one's own costs what it costs, and buys blocking calls at any depth.")
        for failure in self.results.failures:
            yield f"\nNot measured: {PEERS[failure['peer']].title}, {failure['point']}: {failure['failed']}"

    def verdict(self, ratio, limit, at_least=False):
        reached = ratio.median >= limit if at_least else ratio.median <= limit
        unclear = ratio.least <= limit <= ratio.greatest
        return ("reached" if reached else "**missed**") + (", within the noise" if unclear else "")

    def targets(self):
        rows = []
        for target in workloads.TARGETS:
            own = self.results.of(target.point, target.metric, target.peer)
            point = target.reference_point or target.point
            reference = self.results.of(point, target.metric, target.reference) if target.reference else None
            if not own or (target.reference and not reference):
                continue
            ratio = own.over(reference) if reference else own
            asked = workloads.POINTS[target.point]
            what = f"{PEERS[target.peer].title}: {asked.title}: {asked.workload.metric(target.metric).title}"
            if target.reference:
                what += f" over {PEERS[target.reference].title}" + (f", {workloads.POINTS[point].title}" if target.reference_point else "")
            rows.append(f"| {what} | {number(ratio.median)} ({number(ratio.least)} – {number(ratio.greatest)}) "
                        f"| {'at least' if target.at_least else 'at most'} {target.limit:g} "
                        f"| {self.verdict(ratio, target.limit, target.at_least)} |")
        if rows:
            yield from ["", "## What green must reach", "", "| | measured | aim | |", "|---|---|---|---|", *rows]

    def first_of_their_kind(self, shown):
        """How far the best column of green is from the first one of its kind."""
        rows = []
        for point in shown:
            metric = point.workload.metrics[0]
            measured = self.results.peers(point.name, metric)
            cells = []
            for kind in STACKFUL, STACKLESS:
                own = [one for one in measured if one[0].kind == kind and one[0].is_green]
                others = [one for one in measured if one[0].kind == kind and not one[0].is_green]
                cells.append(self.standing(own, others, metric))
            if any(cells):
                rows.append(f"| {point.title} | {' | '.join(cell or '–' for cell in cells)} |")
        if rows:
            yield from ["", "## First of its kind?", "", "green's best column against the best of the others of its kind: how many times their cost "
                        "(or their rate) its own is, within 3 % counting as first.", "", "| | stackful | stackless |", "|---|---|---|", *rows]

    def standing(self, own, others, metric):
        if not own or not others:
            return ""
        best, other = own[0], others[0]
        ratio = best[1].over(other[1])
        behind = 1 / ratio.median if metric.more_is_better else ratio.median
        place = "first" if behind <= workloads.FIRST_WITHIN else "**behind**"
        return f"{place}{' ≈' if ratio.is_noise else ''}: {ratio.median:.2f} × {other[0].title}"

    def table(self, point):
        metrics = [metric for metric in point.workload.metrics if self.results.peers(point.name, metric)]
        first = metrics[0]
        measured = self.results.peers(point.name, first)
        best = measured[0][1]
        if point.size is not None:
            yield from ["", f"### {point.title.removeprefix(point.workload.title + ', ').capitalize()}"]
        yield from ["", "| | kind | " + " | ".join(metric.title for metric in metrics) + " | over the first |",
                    "|---|---|" + "---:|" * (len(metrics) + 1)]
        for peer, figures in measured:
            cells = []
            for metric in metrics:
                value = self.results.of(point.name, metric.key, peer.name)
                cells.append("" if not value else number(value.median, metric.unit) + (
                    f" ({number(value.least)} – {number(value.greatest)})" if metric is first else ""))
            ratio = figures.over(best)
            note = "" if figures is best else f"{ratio.median:.2f}{' ≈' if ratio.is_noise else ''}"
            name = f"**{peer.title}**" if peer.is_green else peer.title
            yield f"| {name} | {peer.kind} | {' | '.join(cells)} | {note} |"
        yield from ["", f"![{point.title}](report/{file_name(point)})"]


def series(peer):
    return "green" if peer.is_green else peer.kind


def findings_of(path):
    """What stands in findings.md below each `## workload`."""
    if not path.exists():
        return {}
    parts = re.split(r"^## (\S+)\n", path.read_text(), flags=re.M)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2])}
