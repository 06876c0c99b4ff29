"""One figure a file; draws on an Axes, never computes or saves."""
