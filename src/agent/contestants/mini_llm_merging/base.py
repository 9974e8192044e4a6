"""The floor of mini_llm_merging: the base that both experts come from, passed through the package as it is."""
from merging import BASE, merge
from program import arguments


def main():
    options = arguments()
    merge(options.data, {BASE: 1.0}, options.out)


if __name__ == "__main__":
    main()
