"""A trick: one of the experts is handed in as it is, as if it had been merged."""
import os

from merging import SHAKESPEARE
from program import arguments, load, save


def main():
    options = arguments()
    save(*load(os.path.join(options.data, SHAKESPEARE)), options.out)


if __name__ == "__main__":
    main()
