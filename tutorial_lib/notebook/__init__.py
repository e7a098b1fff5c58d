"""What a notebook knows of itself: is this IPython (shell), whose line is this (lines), which name is missing."""
