"""A function of a notebook, run as a program of its own: where it forks, no kernel is forked."""
