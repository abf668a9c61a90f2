"""A faithful local server for the services that retinue manages, on SQLite; in process or over a socket.

Its reading of the APIs is its own: it imports nothing of retinue, so that it can disagree. retinue finds it by the
entry-point group `retinue.emulators` alone.
"""
