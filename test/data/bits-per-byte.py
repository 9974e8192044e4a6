"""
Bits per byte of models on the beginning of texts, and of the mean of all models. Standard input: {"models": [folder, ...], "texts": [path, ...]};
standard output: a list for each model, and one for the mean, with a number for each text.
"""
import json
import math
import sys

import torch
import transformers

transformers.utils.logging.disable_progress_bar()
transformers.utils.logging.set_verbosity_error()
torch.set_num_threads(1)

CHARACTERS = 20_000
WINDOW = 256


def main():
    request = json.load(sys.stdin)
    tokenizer = transformers.AutoTokenizer.from_pretrained(request["models"][0])
    models = [transformers.AutoModelForCausalLM.from_pretrained(folder) for folder in request["models"]]
    models.append(mean(models))
    texts = [open(path, encoding="utf-8").read()[:CHARACTERS] for path in request["texts"]]
    print(json.dumps([[bits_per_byte(model, tokenizer, text) for text in texts] for model in models]))


def mean(models):
    """Of the experts, which are all but the first."""
    experts = [model.state_dict() for model in models[1:]]
    merged = transformers.AutoModelForCausalLM.from_config(models[0].config)
    merged.load_state_dict({name: sum(expert[name] for expert in experts) / len(experts) for name in experts[0]})
    return merged


@torch.no_grad()
def bits_per_byte(model, tokenizer, text):
    tokens = torch.tensor(tokenizer(text)["input_ids"])
    nats = 0.0
    for at in range(0, len(tokens) - 1, WINDOW - 1):
        piece = tokens[at : at + WINDOW][None]
        scores = torch.log_softmax(model.eval()(piece[:, :-1]).logits.double(), -1)
        nats -= scores.gather(2, piece[:, 1:, None]).sum().item()
    return nats / math.log(2) / len(text.encode())


main()
