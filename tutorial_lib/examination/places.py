"""Which line of the user's was it? The one outside redis-py; of the user's own files, where there is one."""

from __future__ import annotations

import linecache
from types import FrameType

from tutorial_lib.examination.evidence import Place
from tutorial_lib.notebook.lines import UNKNOWN, Line, Site, is_between, line_number_of, line_of
from tutorial_lib.notebook.whose import is_cell, owner_of


def users_site(frame: FrameType | None) -> Site:
    """Return the innermost line of the user's own code that led to ``frame``; else that of an installed package."""
    outside = UNKNOWN
    while frame is not None:
        code = frame.f_code
        if owner_of(code.co_filename) in ("learner", "exercise"):
            return code, frame.f_lasti
        if outside is UNKNOWN and not is_between(code.co_filename):
            outside = code, frame.f_lasti
        frame = frame.f_back
    return outside


def place_of(site: Site) -> Place:
    """Put a site into words, with the whole path of its file."""
    code, instruction = site
    if code is None:
        return Place()
    if isinstance(code, Line):
        return Place(code.file, code.number, code.function, code.text)
    number = line_number_of(code, instruction)
    file = line_of(site).file if is_cell(code.co_filename) else code.co_filename
    return Place(file, number, code.co_name, linecache.getline(code.co_filename, number).strip())
