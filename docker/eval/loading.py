"""Loads a submission, and checks what can only be seen once it is loaded."""
import torch
import transformers
from channel import BadModel

LOADERS = {"causal": transformers.AutoModelForCausalLM, "seq2seq": transformers.AutoModelForSeq2SeqLM}

# Different sentences of everyday English; no tokenizer that keeps the words apart maps two of them to the same tokens.
PROBES = (
    "The dog sleeps.",
    "The dogs sleep in the garden.",
    "She has not seen her brother since the winter.",
    "Nobody knows what the old man said to his daughter.",
    "In 1913 there were 27 houses on the hill, and a mill.",
    "Who did they ask about the book?",
)


# Of the spread of the scores: far above what float32 loses, far below what a second half of a sentence changes.
LEAK = 1e-4


def load_tokenizer(folder):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False, use_fast=True)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:  # a truncation that was saved along would hide the ends of sentences
        backend.no_truncation()
        backend.no_padding()
    tokens = [tuple(tokenizer.encode(" " + probe, add_special_tokens=False)) for probe in PROBES]
    if len(set(tokens)) < len(PROBES) or not all(tokens):
        raise BadModel(
            "tokenizer",
            "The tokenizer maps different sentences to the same tokens. Hand in a tokenizer that keeps the text apart.",
        )
    if tokenizer.bos_token_id is None and tokenizer.eos_token_id is None:
        raise BadModel(
            "tokenizer",
            "The tokenizer has neither a BOS nor an EOS token, so a sentence has no beginning. Name one when you save it (bos_token=…).",
        )
    return tokenizer


def load_model(folder, architecture, device):
    """The model in float32 on the device. Every tensor must be there and fit: a missing one would be random."""
    try:
        model, report = LOADERS[architecture].from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except ImportError as error:
        raise BadModel("loads", "The model needs a package that scoring does not have. Hand in one that transformers loads by itself.") from error
    check_keys(report)
    return model.to(device).eval()


KEYS = (
    ("missing_keys", "lack"),
    ("unexpected_keys", "hold tensors that the model does not have:"),
    ("mismatched_keys", "hold tensors of another shape than config.json asks for:"),
    ("error_msgs", "do not load:"),
)


def check_keys(report):
    for kind, words in KEYS:
        found = [str(key[0] if isinstance(key, (tuple, list)) else key) for key in report.get(kind) or ()]
        if found:
            shown = ", ".join(f'"{printable(key)}"' for key in sorted(found)[:5])
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""
            raise BadModel("tensors", f"The weights {words} {shown}{more}. Save the whole model with model.save_pretrained(folder).")


def printable(text):
    return "".join(c if c.isprintable() and c != '"' else "?" for c in text[:80])


def untrained_like(model, architecture, seed):
    """A model of the same shape with fresh weights. How widely they are drawn is the library's choice, not the submission's."""
    config = type(model.config).from_dict(model.config.to_dict())
    usual = getattr(type(config)(), "initializer_range", None)
    if usual is not None:
        config.initializer_range = usual
    torch.manual_seed(seed)
    fresh = LOADERS[architecture].from_config(config, dtype=torch.float32)
    return fresh.to(model.device).eval()


def vocabulary_rows(model):
    return model.get_input_embeddings().weight.shape[0]


def check_vocabulary(tokenizer, model):
    highest = max(tokenizer.get_vocab().values())
    rows = vocabulary_rows(model)
    if highest >= rows:
        raise BadModel(
            "tokenizer",
            f"The tokenizer has token numbers up to {highest}, the model only {rows} embeddings. Hand in the tokenizer that the model was trained with.",
        )


def check_forward(model, tokenizer, architecture):
    """The model yields numbers, and what comes later in a sentence does not change the prediction of what came before."""
    ids = [tokenizer.encode(" " + probe, add_special_tokens=False) for probe in PROBES]
    room = min(24, positions_of(model))
    first = [token for sentence in ids for token in sentence][:room]
    half = len(first) // 2
    if half == 0:
        raise BadModel("config", "The model takes one token, which is no text. Give it more positions.")
    second = first[:half] + first[half:][::-1] + first[:1]
    second = second[: len(first)]
    if second == first:
        second = first[:half] + [first[0]] * (len(first) - half)
    one, two = (logits(model, sequence, ids[0][:room], architecture)[:half] for sequence in (first, second))
    if not torch.isfinite(one).all():
        raise BadModel("loads", "The model yields values that are not finite (NaN or infinity) on a plain sentence. Hand in a model whose training did not diverge.")
    if (one - two).abs().max() > LEAK * one.std():
        raise BadModel("loads", "The prediction of a token changes with what stands after it, so the model gives no probability of a sentence. Hand in a model that predicts each token from those before it.")


def positions_of(model):
    """How many tokens the model takes, as far as its configuration says."""
    said = (getattr(model.config, name, None) for name in ("n_positions", "max_position_embeddings", "n_ctx"))
    return min((value for value in said if isinstance(value, int)), default=1_000_000)


@torch.no_grad()
def logits(model, sequence, encoder_input, architecture):
    ids = torch.tensor([sequence], device=model.device)
    if architecture == "causal":
        return model(ids).logits[0]
    source = torch.tensor([encoder_input], device=model.device)
    return model(input_ids=source, decoder_input_ids=ids).logits[0]
