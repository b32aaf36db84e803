"""Schemas as formulas: whether any value satisfies one, and which.

That a reader admits all that a writer admits is to say that nothing satisfies "writer and not reader". The decision
is by cases, as in L. Attouche et al., "Witness generation for JSON Schema" (VLDB 2022): negation is pushed to the
single keywords, cases are distinguished until only facts about one type are left, and a value is made of these.
"""
