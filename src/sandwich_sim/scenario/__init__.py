"""Scenario files: from TOML to a frozen spec."""
