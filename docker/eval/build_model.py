"""
Trains one of the small models that small tasks start from. Standard input gives one line of JSON; standard output takes JSON lines that say how
far it is.

    {"text": path, "from": folder or null, "out": folder, "steps": n, "learning_rate": x, "seed": n, "ends_with_parent": bool}

With `ends_with_parent`, standard input stays open for as long as the parent lives, and the end of it ends the training. The same request gives the
same bytes on the same machine: the seed, the number of steps and the number of threads are fixed.
"""
import json
import math
import os
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from limits import end_with_parent, refuse_network  # noqa: E402

SPECIAL = "<|endoftext|>"
VOCABULARY = 2048
POSITIONS = 256
SHAPE = {"n_embd": 128, "n_layer": 4, "n_head": 4}
BATCH = 8
THREADS = 2
WARM_UP = 0.1


def main():
    request = json.loads(sys.stdin.readline())
    if request.get("ends_with_parent", False):
        end_with_parent()
    refuse_network()
    say(step=0, steps=request["steps"])
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(request["seed"])
    with open(request["text"], encoding="utf-8") as file:
        text = file.read()
    tokenizer, model = start(request["from"], text)
    train(model, torch.tensor(tokenizer(text)["input_ids"]), request)
    model.save_pretrained(request["out"])
    tokenizer.save_pretrained(request["out"])


def say(**fields):
    print(json.dumps(fields), flush=True)


def start(folder, text):
    """A fresh model with a tokenizer made from the text, or a model to go on from with its own."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

    if folder is not None:
        return AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = make_tokenizer(text)
    special = tokenizer.bos_token_id
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=POSITIONS, bos_token_id=special, eos_token_id=special,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, **SHAPE,
    )
    return tokenizer, GPT2LMHeadModel(config)


def make_tokenizer(text):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[SPECIAL], initial_alphabet=alphabet, show_progress=False)
    bpe.train_from_iterator(text.splitlines(keepends=True), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token=SPECIAL, eos_token=SPECIAL, pad_token=SPECIAL, model_max_length=POSITIONS
    )


def train(model, tokens, request):
    """Steps on random pieces of the text. The learning rate rises in the first tenth and falls to nothing."""
    import torch

    steps = request["steps"]
    generator = torch.Generator().manual_seed(request["seed"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=request["learning_rate"], betas=(0.9, 0.95), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: share(step, steps))
    model.train()
    for step in range(steps):
        starts = torch.randint(len(tokens) - POSITIONS, (BATCH,), generator=generator)
        batch = torch.stack([tokens[at : at + POSITIONS] for at in starts])
        loss = model(input_ids=batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        say(step=step + 1, steps=steps, loss=round(loss.item(), 4))


def share(step, steps):
    warm_up = max(1, int(steps * WARM_UP))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


DISK_FULL = 74


def is_full_disk(error):
    return getattr(error, "errno", None) in (28, 122) or "os error 28" in str(error) or "os error 122" in str(error)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        traceback.print_exc()
        os._exit(DISK_FULL if is_full_disk(error) else 1)
    sys.stdout.flush()
    os._exit(0)  # the thread that watches the parent need not be waited for
