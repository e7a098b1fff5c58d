"""What a notebook knows of itself: is this IPython (shell), whose code and which line is this, which name is missing."""
