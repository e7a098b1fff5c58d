"""The page on which a recording is played: one file that needs neither a kernel nor a network."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutorial_lib.errors import BadSetting, CourseFolderError
from tutorial_lib.pools.lease import Lease, Moment, moments

if TYPE_CHECKING:
    from tutorial_lib.pools.recording import Recording

_PAGE = Path(__file__).parent / "page"
_SCRIPTS = ("pool_view.js", "pool_replay.js")
_STYLES = ("pool_view.css", "pool_replay.css")


def write_page(recording: Recording, path: str | Path, title: str = "") -> Path:
    """Write the replay as one file that opens offline in any browser. CourseFolderError if it cannot be written."""
    require_whole(recording)
    target = Path(path).expanduser()
    try:
        target.write_text(page_of(recording, title), "utf-8")
    except OSError as error:
        raise CourseFolderError(
            f"The replay could not be written to {target}: {error.strerror}. Give the path of a file in a folder "
            "that exists and that you may write to."
        ) from None
    return target


def require_whole(recording: Recording) -> None:
    """Raise BadSetting, with what to do, for a recording that cannot be played."""
    if not recording.duration:
        raise BadSetting("This recording has not begun: it runs in a block, with record(pool) as recording: …")
    if recording.is_running:
        raise BadSetting("This recording still runs. Play it after the end of its with block.")
    if recording.forgotten:
        raise BadSetting(
            f"This recording has forgotten its first {recording.forgotten:,} leases, so it cannot be played from the "
            "beginning. Record a shorter time."
        )
    if not (recording.borrowed or recording.unserved):
        raise BadSetting("This recording is empty: no caller asked the pool for a connection while it ran.")


def page_of(recording: Recording, title: str = "") -> str:
    """Return the whole page: markup, style, script and the recording itself."""
    leases = [*recording.leases, *recording.unserved]
    played = played_data(recording.kind, title, recording.limit, recording.waits, recording.duration, leases)
    # The recording's own, which count what was borrowed before it began, too.
    played["moments"] = [_as_row(moment) for moment in recording.timeline()]
    played["shown"] = _moment_to_show(recording.timeline(), leases)
    styles, scripts = styles_and_scripts()
    data = as_script(played)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title or "Replay of a connection pool")}</title>
<style>
{styles}
</style>
</head>
<body>
<script>
{{
{scripts}
{_START.replace("DATA", data)}
}}
</script>
</body>
</html>
"""


_START = """\
// In a notebook the frame takes the notebook's theme, also when that changes, and as much room as it needs.
const frame = window.frameElement;
const takeTheme = () => {
  const { jpThemeLight } = frame.ownerDocument.body.dataset;
  if (jpThemeLight) document.body.dataset.jpThemeLight = jpThemeLight;
  window.replay?.drawStrip();
};
if (frame) takeTheme();
window.replay = new Replay(DATA, document.body);
if (frame) {
  const themes = { attributes: true, attributeFilter: ["data-jp-theme-light"] };
  new MutationObserver(takeTheme).observe(frame.ownerDocument.body, themes);
  const grow = () => (frame.style.height = `${document.documentElement.offsetHeight + 4}px`);
  new ResizeObserver(grow).observe(document.body);
}"""


def styles_and_scripts() -> tuple[str, str]:
    """Return the style sheets and the scripts that play a recording on a page of its own."""
    styles = "\n".join((_PAGE / name).read_text("utf-8") for name in _STYLES)
    scripts = "\n".join((_PAGE / name).read_text("utf-8") for name in _SCRIPTS)
    # Here the view is no module of its own, so it exports nothing.
    return styles, scripts.replace("export default {", "const poolView = {")


def as_script(data: Any) -> str:
    """Write data so that it can stand in a script."""
    # "</script>" inside a name or a line of code would end it.
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")


def played_data(
    kind: str, title: str, limit: int, waits: bool, duration: float, leases: Sequence[Lease]
) -> dict[str, Any]:
    """Return what the script plays. ``leases`` are those that got a connection and those that did not."""
    who, lines = _Numbered(), _Numbered()
    steps = moments(leases, 0, ())
    return {
        "kind": kind,
        "title": title,
        "limit": limit,
        "waits": waits,
        "duration": duration,
        "shown": _moment_to_show(steps, leases),
        "leases": [_row(lease, who, lines) for lease in sorted(leases, key=lambda lease: lease.asked)],
        "who": list(who),
        "lines": list(lines),
        "moments": [_as_row(step) for step in steps],
    }


def _as_row(moment: Moment) -> list[float]:
    return [_short(moment.at), moment.in_use, moment.waiting]


def _row(lease: Lease, who: _Numbered, lines: _Numbered) -> list[Any]:
    times = [_short(seconds) for seconds in (lease.asked, lease.waited, lease.opening, lease.held)]
    where = lease.where if lease.line.file else ""
    cut = int(lease.was_cut) + int(lease.reopened)  # 1: closed while it was borrowed, 2: and opened again
    return [*times, lease.connection or 0, who[lease.who], lines[where, lease.line.text], lease.outcome, cut]


def _short(seconds: float) -> float:
    return round(seconds, 6)


def _moment_to_show(moments: Iterable[Moment], leases: Iterable[Lease]) -> float:
    """Choose the first picture: the middle of the moment when most waited, or most were in use."""
    steps = list(moments)
    if len(steps) < 2:
        return max((lease.ended for lease in leases), default=0.0)
    fullest, following = max(
        pairwise(steps), key=lambda span: (span[0].waiting, span[0].in_use, span[1].at - span[0].at)
    )
    return _short((fullest.at + following.at) / 2)


class _Numbered(dict[Any, int]):
    """Gives each key the next number when it is first asked for."""

    def __missing__(self, key: Any) -> int:
        self[key] = len(self)
        return self[key]
