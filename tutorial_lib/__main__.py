"""``python -m tutorial_lib``: the same as the command ``redis-pool-tutorial``."""

import sys

from tutorial_lib.commands.command_line import main

sys.exit(main())
