"""Evaluates a model on CSV files with the columns input, target, answer_choices and eval_type."""
import torch

from llm_merging.models import load, load_tokenizer
from llm_merging.rows import read_rows

NEW_TOKENS = 64


def evaluate(folder, paths, limit=None, on_row=lambda path, done, total: None):
    """
    One result a file: {"data", "rows", "accuracy"} for multiple_choice (the option with the highest log-likelihood is the answer) or
    {"data", "rows", "rouge_l"} for generation (F1 with stemming, plain mean, greedy).
    """
    files = [(path, read_rows(path, limit)) for path in paths]  # all are read before the model is loaded
    model, _ = load(folder)
    tokenizer = load_tokenizer(folder)
    model.eval()
    return [evaluate_file(path, rows, model, tokenizer, on_row) for path, rows in files]


@torch.inference_mode()
def evaluate_file(path, rows, model, tokenizer, on_row):
    score = choice_score if rows[0]["kind"] == "multiple_choice" else generation_score()
    total = 0.0
    for done, row in enumerate(rows, 1):
        total += score(row, model, tokenizer)
        on_row(path, done, len(rows))
    name = "accuracy" if rows[0]["kind"] == "multiple_choice" else "rouge_l"
    return {"data": path, "rows": len(rows), name: total / len(rows)}


def choice_score(row, model, tokenizer):
    values = [log_likelihood(row["input"], choice, model, tokenizer) for choice in row["choices"]]
    best = max(values)
    return float(values[row["target"]] == best and values.count(best) == 1)  # a tie is no answer


def log_likelihood(text, continuation, model, tokenizer):
    """Summed over the continuation's tokens, in float32."""
    if model.config.is_encoder_decoder:
        source = tokenizer(text, return_tensors="pt", truncation=True, max_length=positions_of(model)).input_ids
        target = tokenizer(continuation, return_tensors="pt").input_ids
        logits = model(input_ids=source, labels=target).logits
        return picked(logits, target)
    prompt = tokenizer.encode(text, add_special_tokens=False)
    answer = tokenizer.encode(" " + continuation, add_special_tokens=False)
    start = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    tokens = torch.tensor([(start + prompt + answer)[-positions_of(model) :]])
    logits = model(input_ids=tokens).logits[:, -len(answer) - 1 : -1]
    return picked(logits, tokens[:, -len(answer) :])


def picked(logits, target):
    return torch.log_softmax(logits.float(), -1).gather(-1, target.unsqueeze(-1)).sum().item()


def generation_score():
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    return lambda row, model, tokenizer: scorer.score(row["target"], generated(row["input"], model, tokenizer))["rougeL"].fmeasure


def generated(text, model, tokenizer):
    room = positions_of(model) - (0 if model.config.is_encoder_decoder else NEW_TOKENS)
    tokens = tokenizer.encode(text)[-room:] if room > 0 else tokenizer.encode(text)[-1:]
    out = model.generate(
        input_ids=torch.tensor([tokens]),
        attention_mask=torch.ones(1, len(tokens), dtype=torch.long),
        max_new_tokens=NEW_TOKENS,
        do_sample=False,
        num_beams=1,
        pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id,
    )[0]
    return tokenizer.decode(out if model.config.is_encoder_decoder else out[len(tokens) :], skip_special_tokens=True)


def positions_of(model):
    """How many tokens the model takes; 512 where it sets no bound."""
    for name in ("n_positions", "max_position_embeddings"):
        value = getattr(model.config, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return 512
