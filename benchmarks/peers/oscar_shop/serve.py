"""`python -m oscar_shop.serve PORT WORKERS THREADS`: the same server as the marketplace's, with as many threads."""

import sys


def main() -> None:
    """Serve until a signal comes."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    port, workers, threads = map(int, sys.argv[1:])
    Granian(
        "oscar_shop.wsgi:application", address="127.0.0.1", port=port, interface=Interfaces.WSGI, workers=workers,
        blocking_threads=threads, log_level=LogLevels.error,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main()
