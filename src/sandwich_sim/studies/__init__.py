"""Questions answered by running simulations."""
