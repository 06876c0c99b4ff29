"""One HTML file that shows a run, or several: no network, no server, nothing to install."""
