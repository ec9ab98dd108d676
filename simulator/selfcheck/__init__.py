"""What theory knows exactly, against the model: `dropday selfcheck`.

theory                            exact values, from their formulas
systems, contests, recursions     what is checked, as data
measures                          what is measured on the paths of a queue
queue_rows, strategy_rows, rows   the table: a system, its quantities, their exact values
on_simpy, lines_on_simpy, contests_on_simpy,
on_numba, contests_on_numba       how each engine runs a system
engines, looks                    who runs what; estimates, intervals, and whether they cover
"""
