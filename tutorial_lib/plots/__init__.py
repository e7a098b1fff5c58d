"""Pictures: of recordings, and of loads. ``picture`` is what they have in common."""

import logging

# On a slow machine, matplotlib's first start would show a warning in a red box: that it builds its list of fonts.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
