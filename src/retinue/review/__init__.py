"""Talks to the code host where a plan is reviewed. Knows neither plans nor manifests."""
