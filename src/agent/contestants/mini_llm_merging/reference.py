"""
An honest small solution of mini_llm_merging: a weighted average of the base and both experts. The weights are those of a few with which the ends of
both texts are predicted best on average; the merge itself is the package's.
"""
import copy
import os

from merging import BASE, MODELS, SHAKESPEARE, WIKITEXT, merge
from program import arguments, load
from running_text import read_tokens, text_loss

TEXTS = ("tinyshakespeare_train.txt", "wikitext2_train.txt")
STEPS = (0.3, 0.5, 0.7, 0.9)  # how far to go from the base to an expert


def main():
    options = arguments()
    models = {name: load(os.path.join(options.data, name)) for name in MODELS}
    tokenizer = models[BASE][1]
    ends = [tail(read_tokens(options.data, name, tokenizer)) for name in TEXTS]
    weights = best_weights({name: model for name, (model, _) in models.items()}, ends)
    merge(options.data, weights, options.out)
    print(f"merged with {weights}", flush=True)


def tail(tokens):
    return tokens[len(tokens) * 9 // 10 :]


def best_weights(models, ends):
    losses = {}
    for shakespeare in STEPS:
        for wikitext in STEPS:
            weights = (1 - shakespeare - wikitext, shakespeare, wikitext)
            losses[weights] = mean_loss(average(models, weights), ends)
            print(f"base {weights[0]:.1f}, Shakespeare {shakespeare:.1f}, Wikipedia {wikitext:.1f}: loss {losses[weights]:.3f}", flush=True)
    best = min(losses, key=losses.get)
    return dict(zip((BASE, SHAKESPEARE, WIKITEXT), best))


def average(models, weights):
    states = [models[name].state_dict() for name in (BASE, SHAKESPEARE, WIKITEXT)]
    merged = copy.deepcopy(models[BASE])
    merged.load_state_dict({key: sum(weight * state[key] for weight, state in zip(weights, states)) for key in states[0]})
    return merged


def mean_loss(model, ends):
    return sum(text_loss(model, tokens) for tokens in ends) / len(ends)


if __name__ == "__main__":
    main()
