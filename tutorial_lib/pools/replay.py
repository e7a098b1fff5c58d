"""PoolReplay: a finished recording, played in the same view as a live pool. It needs no kernel once it is drawn."""

from __future__ import annotations

import html

from tutorial_lib.errors import BadSetting
from tutorial_lib.pools.recording import Recording
from tutorial_lib.pools.replay_page import page_of, require_whole


class PoolReplay:
    """Play what ``record`` saw: every borrow, wait, refusal and cut at its moment, with a slider and speeds.

    ``recording`` is one that has ended. ``title`` names the pool. The replay is a page of its own inside the notebook,
    so it works from a stored notebook without a kernel; ``recording.to_html(path)`` writes the same page as a file.
    BadSetting for a recording that still runs, that is empty, or that has forgotten leases.
    """

    def __init__(self, recording: Recording, title: str = "") -> None:
        if not isinstance(recording, Recording):
            raise BadSetting(
                f"recording is a {type(recording).__name__}. "
                "Give what record() returned: with record(pool) as recording: …"
            )
        require_whole(recording)
        self.recording = recording
        self.title = title

    def __repr__(self) -> str:
        return f"PoolReplay({self.recording!r})"

    def _repr_html_(self) -> str:
        # A frame keeps the replay's style and names apart from the notebook's, and from those of a second replay.
        page = html.escape(page_of(self.recording, self.title), quote=True)
        return (
            f'<iframe title="Replay of a connection pool" srcdoc="{page}" '
            'style="border: 0; width: 100%; max-width: 900px; height: 480px"></iframe>'
        )
