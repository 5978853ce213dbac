"""How often Python looks for garbage that refers to itself. There is little of it, and looking costs a batch dear."""

import gc

#: Objects that may come into being beyond those that go, before the young ones are looked at. A batch of two hundred
#: orders makes some hundred thousand, of which nearly all go with it.
YOUNG = 50_000


def look_seldom() -> None:
    """For a process that serves or brings in much: never look again at what is there now, and seldom at what comes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
