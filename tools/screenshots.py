"""Take the pictures of PoolView, in a real JupyterLab on a real pool: make screenshots

    docs/pool_view.gif                             moving: more and more callers come, until some must wait
    docs/pool_view.png, docs/pool_view_dark.png    busy: callers wait, and the server has closed one connection

Needs the dev extra, a redis-server and a Chromium.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

from tests.browser.lab import Notebook, running_chromium, running_lab  # noqa: E402

SETUP = """\
import random, threading, time
import redis
from tutorial_lib import PoolView, record
from tutorial_lib.servers.redis_process import RedisProcess

server = RedisProcess()
pool = redis.BlockingConnectionPool(host=server.host, port=server.port, max_connections=5)
for connection in [pool.get_connection(), pool.get_connection()]:
    pool.release(connection)"""

# A shop: customers come and go, more of them each time, until some must wait.
DAY = """\
recording = record(pool).__enter__()
chance = random.Random(8)
closing = threading.Event()

def checkout(seconds):
    connection = pool.get_connection()
    connection.send_command("PING")
    connection.read_response()
    time.sleep(seconds)
    pool.release(connection)

def customer():
    while not closing.wait(chance.uniform(0.1, 0.4)):
        checkout(chance.uniform(0.3, 1.5))

def day():
    for number in range(8):
        threading.Thread(target=customer, name=f"customer {number + 1}", daemon=True).start()
        closing.wait(2)

threading.Thread(target=day, daemon=True).start()"""
DAY_SECONDS = 12

EVENING = """\
def begin(name):
    threading.Thread(target=checkout, args=(60,), name=name, daemon=True).start()
    time.sleep(chance.uniform(0.2, 0.7))

for name in ("search", "basket", "stock", "payment", "invoice"):
    begin(name)
addresses = {id(one): "%s:%s" % one._sock.getsockname() for one in pool._connections}
payment = next(key for key, borrow in pool.get_connection.tap.in_use().items() if borrow.who == "payment")
for name in ("reviews", "coupons", "mail"):
    begin(name)"""

CUT = """\
victim = next(client for client in server.clients() if client.address == addresses[payment])
redis.Redis(port=server.port).client_kill_filter(_id=str(victim.id))"""

WINDOW: Any = {"width": 1180, "height": 900}
# The browser films in the page's own pixels, so for a sharp film the page is larger.
FILM_WINDOW: Any = {"width": 1450, "height": 1100}
FILM_ZOOM = 1.25
STYLE = """
* { scrollbar-width: none }
.jp-cell-toolbar, .jp-Collapser, .jp-OutputPrompt { visibility: hidden }
.pool-view { zoom: var(--zoom, 1) }
:root { --course-wide: 100rem }
"""


def main() -> None:
    """Take all pictures, and say where they are."""
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab, running_chromium() as browser:
        page = browser.new_page(viewport=WINDOW, device_scale_factor=2)
        notebook = Notebook(page, lab.notebook("shop.ipynb", [SETUP, "PoolView(pool, server)", ""]))
        notebook.run_all()
        notebook.view().wait_for()
        page.add_style_tag(content=STYLE)
        page.wait_for_selector(".pv-wire-both")
        notebook.run(DAY)
        page.set_viewport_size(FILM_WINDOW)
        page.evaluate(f"document.documentElement.style.setProperty('--zoom', {FILM_ZOOM})")
        page.wait_for_timeout(DAY_SECONDS * 1000)
        film(notebook, "pool_view.gif")
        page.evaluate("document.documentElement.style.removeProperty('--zoom')")
        page.set_viewport_size(WINDOW)
        notebook.run("closing.set()")
        notebook.run(EVENING)
        notebook.run(CUT)
        page.wait_for_selector(".pv-wire-pool-only")
        take(notebook, "pool_view.png")
        notebook.theme("JupyterLab Dark")
        page.wait_for_timeout(500)
        take(notebook, "pool_view_dark.png")
        notebook.run("server.close()")
        assert notebook.complaints == [], notebook.complaints


FILM_SECONDS = 12
SHORTEST_FRAME = 0.15
COLOURS = 128


def film(notebook: Notebook, name: str) -> None:
    """Keep what the view looks like for some seconds, as an animated GIF that runs as fast as it really went."""
    page, box = notebook.page, notebook.view().bounding_box()
    assert box, "the view is on the page"
    shots: list[tuple[float, bytes]] = []
    session = page.context.new_cdp_session(page)

    def keep(shot: dict[str, Any]) -> None:
        shots.append((shot["metadata"]["timestamp"], base64.b64decode(shot["data"])))
        session.send("Page.screencastFrameAck", {"sessionId": shot["sessionId"]})

    session.on("Page.screencastFrame", keep)
    session.send("Page.startScreencast", {"format": "png"})
    page.wait_for_timeout(1000 * FILM_SECONDS)
    session.send("Page.stopScreencast")
    frames: list[tuple[float, Image.Image]] = []
    for at, png in shots:
        if frames and at - frames[-1][0] < SHORTEST_FRAME:
            continue
        shot = Image.open(io.BytesIO(png)).convert("RGB")
        scale = shot.width / page.viewport_size["width"]  # type: ignore[index]
        left, top, wide, tall = (scale * box[side] for side in ("x", "y", "width", "height"))
        frames.append((at, shot.crop((round(left), round(top), round(left + wide), round(top + tall)))))
    # One palette for all, so that what stands still has the same bytes in each frame and takes no room.
    seen = Counter({colour: count for count, colour in frames[-1][1].getcolors(1_000_000) or []})
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour, _ in seen.most_common(COLOURS) for part in colour])  # type: ignore[attr-defined]
    pictures = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for _, frame in frames]
    times = [at for at, _ in frames]
    times.append(times[-1] + 1.5)  # The last one stands a little longer.
    durations = [round(1000 * (later - earlier)) for earlier, later in pairwise(times)]
    path = TOP / "docs" / name
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=True)
    print(path.relative_to(TOP), f"{path.stat().st_size / 1e6:.2f} MB, {len(frames)} frames")


def take(notebook: Notebook, name: str) -> None:
    """Keep what the view looks like now."""
    path = TOP / "docs" / name
    notebook.page.mouse.move(0, 0)
    notebook.view().screenshot(path=path)
    print(path.relative_to(TOP))


if __name__ == "__main__":
    main()
