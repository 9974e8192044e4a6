"""The floor of mini_edge_llm_compression: the last layers of the base are left out, the rest is stored in float16 as it is."""
import os

import torch
from layers import KEPT, keep_layers
from program import arguments, load, save


def main():
    options = arguments()
    model, tokenizer = load(os.path.join(options.data, "mini_base"))
    save(keep_layers(model, range(KEPT)), tokenizer, options.out, torch.float16)


if __name__ == "__main__":
    main()
