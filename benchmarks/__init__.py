"""What we claim, as commands that anyone can run: `make bench`, or `python -m benchmarks import_rows`.

Each prints its figure, a stated baseline measured in the same run, their ratio, and the machine.
"""
