"""Sheets that members bring in: what each would do, what it did, and the rows that it could not take.

Owns the word: upload. Knows nothing of what a sheet is about; rows are read and carried out in `intake`.
"""
