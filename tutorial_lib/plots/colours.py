"""The colours of all pictures, which those of matplotlib and the still one of Pillow share."""

# Okabe and Ito's colours, which colour-blind readers can tell apart, with the meaning they have in PoolView too.
IN_USE = "#0072B2"
WAITING = "#E69F00"
OPENING = "#9BCBEB"
TROUBLE = "#B8410A"
INK = "#1F1F1F"
QUIET = "#5F5F5F"
FAINT = "#DADADA"
PAPER = "#FFFFFF"  # Opaque: a page that stores only this one, such as GitHub's, may be dark.

DARK = {
    IN_USE: "#56B4E9",
    WAITING: "#F0B030",
    OPENING: "#2F6484",
    TROUBLE: "#FF9466",
    INK: "#E8E8E8",
    QUIET: "#ABABAB",
    FAINT: "#3A3A3A",
    PAPER: "#111111",  # JupyterLab's own, for the gaps between bars; the ground itself is transparent
}
"""For each colour what takes its place in a dark theme, as in PoolView."""
