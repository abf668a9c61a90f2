"""Reads the live world and carries out a plan. Small, and decides nothing: what to do stands in the plan."""
