"""The picture of an incident: which of two masters each order went to, before and after a failover."""

from __future__ import annotations

from matplotlib.ticker import MaxNLocator

from tutorial_lib.plots.colours import IN_USE, TROUBLE
from tutorial_lib.plots.picture import Picture, drawing, headline, quiet


def orders_by_master(came: list[int], failover_after: int) -> Picture:
    """Draw for each order the number of its master, 1 or 2, of which the second takes over after so many orders."""
    astray = came[failover_after:].count(1)
    title = f"{astray} of {len(came) - failover_after} orders after the failover went to the old master"
    went_astray = [number >= failover_after and node == 1 for number, node in enumerate(came)]
    with drawing(height=1.9) as figure:
        axes = figure.subplots()
        colours = [TROUBLE if astray else IN_USE for astray in went_astray]
        axes.scatter(range(1, len(came) + 1), [-node for node in came], c=colours, marker="s", s=26)
        axes.axvline(failover_after + 0.5, color=TROUBLE, linestyle="--")
        axes.text(failover_after + 0.9, -1.5, "failover: redis-2 is the master", color=TROUBLE, va="center")
        axes.set_yticks([-1, -2], ["redis-1", "redis-2"])
        axes.set_ylim(-2.5, -0.5)
        axes.set_xlabel("order")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        quiet(axes)
        headline(figure, title)
    alt = f"{title}. {len(came)} orders, one after the other; after order {failover_after} redis-2 became the master."
    return Picture(figure, alt, "orders by master")
