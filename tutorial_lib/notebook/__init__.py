"""What a notebook knows of itself: is this IPython (shell), whose code and line this is, which name is missing."""
