"""Small problems that the methods solve inside the compiled step.

Each is exact or ends after a fixed number of turns, has no absolute epsilon and
needs no solver from outside.
"""
