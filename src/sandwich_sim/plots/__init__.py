"""Figures: one file each, drawn on an Axes from a Dataset; nothing here computes or saves results."""
