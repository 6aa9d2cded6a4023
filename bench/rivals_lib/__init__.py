"""What bench/rivals.py is made of.

- `cli`: the command line, and the run from start to end
- `networks`: the weights, inputs, right logits and converted models that all share
- `registry`: the table of rivals; `ours` and `with_*`: one file a library
- `worker`: one round of one rival, in a process of its own
- `measure`: alternation, and who else was using the CPU
- `report`: statistics, tables, JSON; `system`: what the machine is

Nothing but the standard library is imported at import time.
"""
