"""What a kernel of the course runs before its first cell: PYTHONSTARTUP names this file. It leaves no name behind."""

try:
    from tutorial_lib.notebook.missing_name import explain_missing_names
except ImportError:  # a kernel of another Python, or a terminal's, that has no tutorial
    pass
else:
    explain_missing_names()
    del explain_missing_names
