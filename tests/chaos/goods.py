"""A book straight in the database: `python -m tests.chaos.goods COPIES` prints the id of one with so many in stock."""

import sys

import django

django.setup()

from lyceum.library.testing import make_book  # noqa: E402

if __name__ == "__main__":
    print(make_book("The last copies", price="9.90", stock=int(sys.argv[1])).pk)
