"""Statements and proofs in words, put into Lean by the model: greedy generation, compared with the reference."""
import json
import os

import torch
import transformers
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU

# What a model is given, and what it is trained on: the text of the formal proof follows directly, then the token that ends a text.
PROMPT = "Statement: {informal_statement}\nProof: {informal_proof}\nFormal proof:\n"
NEW_TOKENS = 512
BATCH = 8
BOOTSTRAPS = 1000
SIGNATURES = {"bleu": {"tokenize": "13a"}, "bleu_white_space": {"tokenize": "none"}}


class FormalisationSuite:
    """The first rows of a set with `name, informal_statement, informal_proof, formal_proof`; a part is what is generated at once."""

    name = "formalisation"
    step = "generating for {}"

    def __init__(self, request, scratch):
        self.limits = sorted(request["rows"])
        self.rows = list(read_rows(request["folder"]))[: self.limits[-1]]
        self.parts = [f"{start:06}" for start in range(0, len(self.rows), BATCH)]
        self.rouge = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)

    def check(self, engine):
        pass

    def chosen(self, part):
        return self.rows[int(part) : int(part) + BATCH]

    def items(self, part):
        return len(self.chosen(part))

    def score(self, part, engine, advance):
        rows = self.chosen(part)
        prompts = [PROMPT.format(**row) for row in rows]
        with engine.acting():
            predictions = generate(engine, prompts)
        advance(len(rows))
        return [self.row(int(part) + at, row, text) for at, (row, text) in enumerate(zip(rows, predictions))]

    def row(self, item, row, prediction):
        reference = row["formal_proof"]
        return {
            "suite": self.name,
            "item": item,
            "name": row["name"],
            "reference": reference,
            "prediction": prediction,
            "rouge_l": self.rouge.score(reference, prediction)["rougeL"].fmeasure,
            "bleu_stats": statistics([prediction], [reference]),
        }

    def summary(self, rows):
        """Corpus BLEU over the first so many rows, for each number of rows that is asked for."""
        echo = [row["informal_statement"] for row in self.rows]
        return [self.summarise(limit, rows[:limit], echo[:limit]) for limit in self.limits]

    def summarise(self, limit, rows, echo):
        predictions, references = ([row[name] for row in rows] for name in ("prediction", "reference"))
        rouges = [self.rouge.score(reference, text)["rougeL"].fmeasure for reference, text in zip(references, echo)]
        return {
            "rows": limit,
            "bleu": corpus_bleu("bleu", predictions, references),
            "bleu_white_space": corpus_bleu("bleu_white_space", predictions, references),
            "echo": {"bleu": corpus_bleu("bleu", echo, references)["value"], "rouge_l": sum(rouges) / len(rouges)},
        }


def read_rows(folder):
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".jsonl")):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            yield from (json.loads(line) for line in file)


def corpus_bleu(kind, predictions, references):
    """From 0 to 1, without smoothing, with the signature that says how; the interval is the middle 95 % of a seeded bootstrap."""
    metric = BLEU(smooth_method="none", **SIGNATURES[kind])
    predictions, references = as_tokens(kind, predictions), as_tokens(kind, references)
    resamples = BOOTSTRAPS if len(predictions) > 1 else 1
    score = metric.corpus_score(predictions, [references], n_bootstrap=resamples)
    interval = None
    if resamples > 1:
        interval = [max(0.0, (score._mean - score._ci) / 100), min(1.0, (score._mean + score._ci) / 100)]
    return {"value": score.score / 100, "interval_95": interval, "signature": str(metric.get_signature())}


def statistics(predictions, references):
    """What corpus BLEU is summed from: lengths, and matches and totals of one to four tokens."""
    found = {}
    for kind, options in SIGNATURES.items():
        score = BLEU(smooth_method="none", **options).corpus_score(as_tokens(kind, predictions), [as_tokens(kind, references)])
        found[kind] = {"lengths": [score.sys_len, score.ref_len], "matches": score.counts, "totals": score.totals}
    return found


def as_tokens(kind, texts):
    """13a breaks `:=` apart; beside it, the tokens of Lean are what stands between spaces."""
    return [" ".join(text.split()) for text in texts] if kind == "bleu_white_space" else texts


@torch.inference_mode()
def generate(engine, prompts):
    """
    One text a prompt: greedy, up to the token that ends a text or so many tokens. A prompt that leaves no room for an answer is cut from the left.
    Every value of the generation is ours; what the submission says about it is not read.
    """
    tokenizer, model = engine.encoder.tokenizer, engine.model
    is_causal = engine.architecture == "causal"
    new_tokens = min(NEW_TOKENS, max(1, engine.max_length // 2))
    room = engine.max_length - new_tokens if is_causal else engine.max_length
    prompts = [ids[-max(1, room) :] for ids in engine.encoder.encode(prompts)]
    longest = max(map(len, prompts))
    pads = [[0] * (longest - len(ids)) for ids in prompts]
    texts = [pad + ids if is_causal else ids + pad for pad, ids in zip(pads, prompts)]
    mask = [[0] * len(pad) + [1] * len(ids) if is_causal else [1] * len(ids) + [0] * len(pad) for pad, ids in zip(pads, prompts)]
    start = model.config.to_dict().get("decoder_start_token_id")
    config = transformers.GenerationConfig(
        max_new_tokens=new_tokens,
        do_sample=False,
        num_beams=1,
        use_cache=True,
        pad_token_id=0,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=0 if start is None else start,
    )
    model.generation_config = config
    made = model.generate(torch.tensor(texts, device=engine.device), attention_mask=torch.tensor(mask, device=engine.device), generation_config=config)
    made = made[:, longest:] if is_causal else made[:, 1:]
    return [text_of(tokenizer, ids.tolist()) for ids in made]


def text_of(tokenizer, ids):
    end = tokenizer.eos_token_id
    if end in ids:
        ids = ids[: ids.index(end)]
    text = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text.encode("utf-8", "replace").decode("utf-8").strip()
