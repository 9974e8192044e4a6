"""Reads CSV files of questions, checked row by row."""
import ast
import csv

from llm_merging.errors import MergeError

COLUMNS = ("input", "target", "answer_choices", "eval_type")


def read_rows(path, limit):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise MergeError(f"{path} lacks the column {missing[0]}.")
            rows = [parse_row(row, path, number) for number, row in enumerate(reader, 1) if limit is None or number <= limit]
    except OSError as error:
        raise MergeError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise MergeError(f"{path} is not UTF-8 text.") from None
    if not rows:
        raise MergeError(f"{path} holds no rows.")
    if len({row["kind"] for row in rows}) > 1:
        raise MergeError(f"{path} mixes values of eval_type.")
    return rows


def parse_row(row, path, number):
    kind = row["eval_type"]
    if kind == "generation":
        return {"kind": kind, "input": row["input"], "target": row["target"]}
    if kind != "multiple_choice":
        raise MergeError(f"{path}, row {number}: eval_type is {kind!r}; it is multiple_choice or generation.")
    try:
        choices = ast.literal_eval(row["answer_choices"])
        target = int(row["target"])
        if not (isinstance(choices, list) and all(isinstance(choice, str) for choice in choices) and 0 <= target < len(choices)):
            raise ValueError
    except (ValueError, SyntaxError):
        raise MergeError(f"{path}, row {number}: answer_choices is a list of texts, and target the place of the right one, from 0.") from None
    return {"kind": kind, "input": row["input"], "choices": choices, "target": target}
