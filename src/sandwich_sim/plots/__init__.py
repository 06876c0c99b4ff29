"""Figures: one file each, drawn on an Axes from a Dataset; nothing here computes or saves results.

A function ``plot_X(what, ax, *, theme)`` draws one panel and returns `ax`: a matplotlib Axes,
best a cell of `plots.style.new_panels`, which must have been made in the same `Theme`. What these
functions have in common is said here once; their own docstrings tell of the rest. ``describe_X``
says in words what the panel shows, for readers who cannot see it.
"""
