"""Who does, decides, pays and answers for what: management models as data.

Owns the words: programme, task, party, duty, cause, earning, accrual, base, terms snapshot.
Never knows a seller, an offer or an order: it says what was agreed, and others act on it.

`rules` holds the words and the questions one may ask of them, `bases` the language of fee bases, `grammar` and
`documents` the reading and writing of programme files, `checks` what must fit together, `arrays` the numbers that the
economics multiply, `words` the same in plain language.
"""
