"""Scorecards: whole points over facts that add up exactly."""
