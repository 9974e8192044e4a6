"""The given articles as plain sentences, a tokenizer made from them, and the shape of the model: what base and reference share."""
import os
import re

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

END = "<|endoftext|>"
VOCABULARY = 4096
SHAPE = dict(n_positions=128, n_embd=128, n_layer=2, n_head=4, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)

# "waiters" -> "waiter" + "s", "walked" -> "walk" + "ed"; not "this", "was", "glass".
ENDINGS = r"(?<=[A-Za-z]{2}[a-hj-rtv-z])s(?![A-Za-z])|(?<=[A-Za-z]{3})(?:ed|ing|self|selves)(?![A-Za-z])|(?<=[A-Za-z])n't"


def read_sentences(data):
    """The articles only: the sentences that are scored are modern prose, and time is too short for verse besides."""
    with open(os.path.join(data, "wikitext2_valid.txt"), encoding="utf-8") as file:
        text = detokenise(file.read())
    return [sentence for line in text.split("\n") for sentence in split_sentences(line)]


def detokenise(text):
    """WikiText sets tokens apart by spaces; sentences as people write them have none before a comma."""
    text = re.sub(r"^ =.*= *$", "", text, flags=re.M)
    text = re.sub(r" @(.)@ ", r"\1", text)
    text = re.sub(r" ('(?:s|t|re|ve|ll|d|m)?|n't)(?= )", r"\1", text)
    text = re.sub(r" ([,.;:!?)\]%])", r"\1", text)
    text = re.sub(r"([(\[$]) ", r"\1", text)
    return re.sub(r'" ([^"]*) "', r'"\1"', text)


def split_sentences(text):
    """With a space in front, as the evaluation has it."""
    parts = re.split(r"(?<=[.!?])[\"']? +(?=[A-Z\"'])", text)
    tidy = (re.sub(r"\s+", " ", part).strip() for part in parts)
    return [" " + part for part in tidy if len(part) > 1]


def train_tokenizer(sentences):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(ENDINGS), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[END], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(sentences, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=END, eos_token=END)


def new_model(tokenizer, seed):
    torch.manual_seed(seed)
    end = tokenizer.bos_token_id
    return GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), bos_token_id=end, eos_token_id=end, **SHAPE))
