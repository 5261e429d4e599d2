"""Small problems that the methods solve inside the compiled step.

Each solver is exact or ends after a fixed number of iterations, has no absolute epsilon
and needs no external solver.
"""
