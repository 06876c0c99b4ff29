"""Exact distribution functions, and the tables that the kernel draws from."""
