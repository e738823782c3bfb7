"""How good is a model: its answers on labelled pictures, as the board gives them and as papers count them.

    data        labelled pictures in the formats of training tools
    views       what a network answers to one picture: on the board, and without the board's limits
    engine      runs the views over all pictures, on one machine or on many
    metrics     figures from answers and truth; the only place where anything is summed
    report      terminal, JSON and page

A worker returns a record for each picture (records.py): numbers as they came, never sums. The figures are calculated
once, from all records in the order of the pictures' names, so that they do not depend on who measured what and when.
"""
