"""The problems as the evaluation puts them, a tokenizer made from them, and the shape of the model."""
import json
import os

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
import torch

PROMPT = "Statement: {informal_statement}\nProof: {informal_proof}\nFormal proof:\n"
END = "<|endoftext|>"
VOCABULARY = 1024
SHAPE = dict(n_positions=384, n_embd=128, n_layer=3, n_head=4, resid_pdrop=0.1, embd_pdrop=0.1, attn_pdrop=0.1)


def read_problems(data):
    """(prompt, answer) of each."""
    with open(os.path.join(data, "minif2f", "train.jsonl"), encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [(PROMPT.format(**row), row["formal_proof"].strip()) for row in rows]


def train_tokenizer(problems):
    """Over bytes, so that it has every symbol of Lean; digits one by one, so that numbers can be copied."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[END], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator((text for problem in problems for text in problem), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=END, eos_token=END)


def new_model(tokenizer, seed):
    torch.manual_seed(seed)
    end = tokenizer.eos_token_id
    return GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), bos_token_id=end, eos_token_id=end, **SHAPE))
