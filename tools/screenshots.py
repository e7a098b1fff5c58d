"""Take the pictures of PoolView, in a real JupyterLab on a real pool: make screenshots

    docs/pool_view.png, docs/pool_view_dark.png    busy: callers wait, and the server has cut one connection
    docs/pool_view_quiet.png                       quiet: two connections, opened and idle

Needs the dev extra, a redis-server and a Chromium.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

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

# Half a minute of a shop: customers come and go, more of them each time, until some must wait.
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
    while not closing.wait(chance.uniform(0.2, 1.2)):
        checkout(chance.uniform(0.3, 1.5))

def day():
    for newcomers in (2, 1, 2, 2):
        for _ in range(newcomers):
            threading.Thread(target=customer, daemon=True).start()
        time.sleep(5.5)
    closing.set()

threading.Thread(target=day, daemon=True).start()"""

EVENING = """\
def begin(name):
    threading.Thread(target=checkout, args=(60,), name=name, daemon=True).start()
    time.sleep(chance.uniform(0.2, 0.7))

for name in ("search", "basket", "stock", "payment", "invoice"):
    begin(name)
addresses = {id(one): "%s:%s" % one._sock.getsockname() for one in pool._connections}
payment = next(key for key, lease in pool.get_connection.tap.held.items() if lease[0] == "payment")
for name in ("reviews", "coupons", "mail"):
    begin(name)"""

CUT = """\
control = server._control._client
control.client_kill_filter(addr=addresses[payment])"""

QUIET_MARGIN = "* { scrollbar-width: none } .jp-cell-toolbar, .jp-Collapser, .jp-OutputPrompt { visibility: hidden }"


def main() -> None:
    """Take all pictures, and say where they are."""
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab, running_chromium() as browser:
        page = browser.new_page(viewport={"width": 1180, "height": 900}, device_scale_factor=2)
        notebook = Notebook(page, lab.notebook("shop.ipynb", [SETUP, "PoolView(pool, server)", ""]))
        notebook.run_all()
        notebook.view().wait_for()
        page.add_style_tag(content=QUIET_MARGIN)
        page.wait_for_selector(".pv-wire-both")
        take(notebook, "pool_view_quiet.png")
        notebook.run(DAY)
        page.wait_for_timeout(25_000)
        notebook.run(EVENING)
        notebook.run(CUT)
        page.wait_for_selector(".pv-wire-pool-only")
        take(notebook, "pool_view.png")
        notebook.theme("JupyterLab Dark")
        page.wait_for_timeout(500)
        take(notebook, "pool_view_dark.png")
        notebook.run("server.close()")
        assert notebook.complaints == [], notebook.complaints


def take(notebook: Notebook, name: str) -> None:
    """Keep what the view looks like now."""
    path = TOP / "docs" / name
    notebook.page.mouse.move(0, 0)
    notebook.view().screenshot(path=path)
    print(path.relative_to(TOP))


if __name__ == "__main__":
    main()
