#!/bin/sh
# Starts Python twice, the second time instead of itself.
"$PYTHON" run_me.py
exec "$PYTHON" -m run_me
