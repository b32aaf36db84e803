"""Measurements with bars, printed as tables with the machine they come from."""
