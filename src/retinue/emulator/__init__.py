"""A faithful local server for the founding dialects, on SQLite; in process or over a socket.

Its reading of the API is its own: it must import nothing of retinue's schema or core, so that it can disagree.
"""
