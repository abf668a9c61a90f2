"""Every boundary, random worlds, signals, races: no duplicate, nothing lost, nothing foreign touched."""
