"""Cases that every provider must pass, for pytest: `pytest --pyargs retinue_conformance`.

A package names its subjects in the entry-point group `retinue.conformance`; `subject.py` says what one is.
"""
