"""The floor of mini_llm_efficiency: the base model as it is given."""
import os

from program import arguments, load, save


def main():
    options = arguments()
    save(*load(os.path.join(options.data, "mini_base")), options.out)


if __name__ == "__main__":
    main()
