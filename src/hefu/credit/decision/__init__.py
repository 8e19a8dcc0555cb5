"""
Decisions on credit: a policy, a score, exposures and backing in; limit, price, reasons and a file that replays out. Integers
decide.

Importing this needs the standard library alone; `allocate` needs a solver (extra `allocation`) when it is called.
"""
