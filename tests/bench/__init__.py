"""Speed and memory, measured as ratios within one run: ``make bench``. No test reads a clock."""
