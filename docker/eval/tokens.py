"""Texts to token numbers by the rules of the harness's `hf` model class, each piece of text encoded once."""
import json
import re

from channel import BadModel
from lm_eval.models.utils import has_bos_prefix

# A space between two visible ASCII characters. Every pattern below ends a piece before it and begins one with it, whatever stands around.
CUT = re.compile(r"(?<=[!-~])(?= [!-~])")
LLAMA_3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
KNOWN_PATTERNS = (LLAMA_3, LLAMA_3.replace("{1,3}", ""))
PROBE = "The cat, 3 dogs."
CHECKED = 50


class TextEncoder:
    """
    `tokenizer.encode` over many texts. Where the tokenizer provably cuts at spaces, a text is put together from pieces that are encoded
    once and kept; the first texts of every call are compared with what the tokenizer itself gives.
    """

    def __init__(self, tokenizer, prefix_token):
        self.tokenizer = tokenizer
        self.begin = tokenizer.decode(prefix_token)
        self.special_prefix = special_prefix(tokenizer)
        self.cuts_at_spaces = self.special_prefix is not None and cuts_at_spaces(tokenizer)
        self.pieces = {}

    def encode(self, texts, special=True):
        """Lists of token numbers. `special`: with the tokens that the tokenizer puts around a text by itself."""
        with_special = [special and not has_bos_prefix(text, self.begin) for text in texts]
        if self.cuts_at_spaces:
            encoded = self.from_pieces(texts, with_special)
            if encoded[:CHECKED] == self.whole(texts[:CHECKED], with_special[:CHECKED]):
                return encoded
            self.cuts_at_spaces = False
        return self.whole(texts, with_special)

    def cuts_between(self, context, continuation):
        """Whether the tokens of the two together are those of the one followed by those of the other."""
        return self.cuts_at_spaces and CUT.match(context[-1] + continuation[:2], 1) is not None

    def from_pieces(self, texts, with_special):
        cut = [CUT.split(text) for text in texts]
        new = [piece for piece in dict.fromkeys(piece for pieces in cut for piece in pieces) if piece not in self.pieces]
        self.pieces.update(zip(new, self.batch(new, False)))
        encoded = []
        for pieces, special in zip(cut, with_special):
            ids = list(self.special_prefix) if special else []
            for piece in pieces:
                ids += self.pieces[piece]
            encoded.append(ids)
        return encoded

    def whole(self, texts, with_special):
        encoded = [None] * len(texts)
        for special in (True, False):
            chosen = [at for at, wanted in enumerate(with_special) if wanted == special]
            for at, ids in zip(chosen, self.batch([texts[at] for at in chosen], special)):
                encoded[at] = ids
        return encoded

    def batch(self, texts, special):
        if not texts:
            return []
        options = {"return_attention_mask": False, "return_token_type_ids": False, "verbose": False}
        return self.tokenizer(texts, add_special_tokens=special, **options)["input_ids"]


def special_prefix(tokenizer):
    """What the tokenizer puts before every text; None where it does more than that."""
    with_special, without = (tokenizer.encode(PROBE, add_special_tokens=special) for special in (True, False))
    if with_special[len(with_special) - len(without) :] != without:
        return None
    return with_special[: len(with_special) - len(without)]


def cuts_at_spaces(tokenizer):
    """Whether pieces between the cuts can be encoded by themselves: known from how the tokenizer is put together, not from trying."""
    if not getattr(tokenizer, "is_fast", False):
        return False
    parts = json.loads(tokenizer.backend_tokenizer.to_str())
    return (
        (parts["normalizer"] is None or parts["normalizer"] == {"type": "NFC"})
        and is_known(parts["pre_tokenizer"])
        and not parts["model"].get("dropout")
        and not any(may_cross(token) for token in parts["added_tokens"])
    )


def is_known(pre_tokenizer):
    if pre_tokenizer is None:
        return False
    if pre_tokenizer["type"] == "ByteLevel":
        return pre_tokenizer.get("use_regex", True)
    if pre_tokenizer["type"] != "Sequence" or len(pre_tokenizer["pretokenizers"]) != 2:
        return False
    split, bytes_ = pre_tokenizer["pretokenizers"]
    return (
        split["type"] == "Split"
        and split["pattern"].get("Regex") in KNOWN_PATTERNS
        and (split["behavior"], split["invert"]) == ("Isolated", False)
        and (bytes_["type"], bytes_.get("use_regex", True)) == ("ByteLevel", False)
    )


def may_cross(added_token):
    return " " in added_token["content"] or any(added_token.get(rule) for rule in ("lstrip", "rstrip", "single_word"))


def encode_pairs(encoder, pairs, prefix_token, architecture):
    """
    Contexts and continuations as token numbers, as the harness cuts them apart: an empty context becomes the token that begins a text, spaces at
    the end of a context go to the continuation, and for a causal model the continuation is what the whole has beyond the context.
    """
    trimmed = [move_spaces(context, continuation) for context, continuation in pairs]
    contexts = list(dict.fromkeys(context for context, _ in trimmed if context))
    context_ids = dict(zip(contexts, encoder.encode(contexts)))
    is_apart = [not context or architecture == "seq2seq" or encoder.cuts_between(context, continuation) for context, continuation in trimmed]
    apart = encode_chosen(encoder, [continuation for _, continuation in trimmed], is_apart, special=False)
    whole = encode_chosen(encoder, ["".join(pair) for pair in trimmed], [not each for each in is_apart], special=True)
    encoded = []
    for at, (context, _) in enumerate(trimmed):
        if not context:
            encoded.append(after_prefix(apart[at], prefix_token))
        elif is_apart[at]:
            encoded.append((context_ids[context], apart[at]))
        else:
            before = context_ids[context]
            encoded.append((before, whole[at][len(before) :]))
    if not all(before and after for before, after in encoded):
        raise BadModel("tokenizer", "The tokenizer maps a part of the evaluation's texts to no tokens at all. Hand in a tokenizer that keeps every text.")
    return encoded


def move_spaces(context, continuation):
    kept = context.rstrip()
    return kept, context[len(kept) :] + continuation


def encode_chosen(encoder, texts, chosen, special):
    """By place; a text that stands at several places is encoded once."""
    places = [at for at, is_chosen in enumerate(chosen) if is_chosen]
    different = list(dict.fromkeys(texts[at] for at in places))
    ids = dict(zip(different, encoder.encode(different, special)))
    return {at: ids[texts[at]] for at in places}


def after_prefix(ids, prefix_token):
    return ([prefix_token], ids) if ids[:1] != [prefix_token] else (ids[:1], ids[1:])
