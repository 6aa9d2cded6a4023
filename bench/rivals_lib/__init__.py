"""The parts of bench/rivals.py.

- `cli`: the command line, and the run from start to end
- `networks`: the weights, inputs, expected logits and converted models that all rivals share
- `registry`: the table of rivals; `ours` and `with_*`: one file for each library
- `worker`: one round of one rival, in a separate process
- `measure`: alternation, and the CPU time of other processes
- `report`: statistics, tables, JSON; `system`: facts about the machine

At import time, the modules import only the standard library.
"""
