"""The command line: `python -m llm_merging COMMAND`."""
import argparse
import json
import sys

from llm_merging.errors import MergeError


def main(arguments=None):
    """0 when done, 1 when something must be mended first, 2 for wrong usage."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except MergeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def parser():
    parser = argparse.ArgumentParser(prog="llm_merging", description="Merges language models and evaluates the result.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    methods = commands.add_parser("methods", help="list the merging methods")
    methods.set_defaults(run=run_methods)
    merge = commands.add_parser("merge", help="merge by a plan")
    add_merge_options(merge)
    merge.set_defaults(run=run_merge)
    evaluate = commands.add_parser("evaluate", help="evaluate a model folder on CSV files")
    evaluate.add_argument("--model", required=True, metavar="DIR")
    add_data_options(evaluate)
    evaluate.set_defaults(run=lambda options: run_evaluate(options.model, options))
    both = commands.add_parser("run", help="merge, then evaluate")
    add_merge_options(both)
    add_data_options(both)
    both.set_defaults(run=run_both)
    return parser


def add_merge_options(parser):
    parser.add_argument("--plan", required=True, metavar="FILE", help="JSON: method, base, sources, dtype, settings")
    parser.add_argument("--out", required=True, metavar="DIR", help="the merged model; must not be there yet, or be empty")


def add_data_options(parser):
    parser.add_argument("--data", required=True, nargs="+", metavar="CSV", help="columns input, target, answer_choices, eval_type")
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N rows of each file")


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def run_methods(_):
    from llm_merging.methods import find_methods

    for name in sorted(find_methods()):
        print(name)


def run_merge(options):
    from llm_merging.plan import read_plan

    plan = read_plan(options.plan)  # a wrong plan is told before the libraries are loaded, which takes seconds
    from llm_merging.merge import merge

    record = merge(plan, options.out, on_tensor=tell("merged", "tensors"))
    print(json.dumps({"out": record["out"], "weights_digest": record["weights_digest"], "seconds": record["seconds"]}))


def run_evaluate(folder, options):
    check_rows(options)
    from llm_merging.evaluate import evaluate

    for result in evaluate(folder, options.data, options.limit, on_row=lambda path, done, total: tell(path, "rows")(done, total)):
        print(json.dumps(result))


def run_both(options):
    check_rows(options)  # a merge may take an hour: what would fail after it fails before it
    run_merge(options)
    run_evaluate(options.out, options)


def check_rows(options):
    from llm_merging.rows import read_rows

    for path in options.data:
        read_rows(path, options.limit)


def tell(what, unit):
    def told(done, total):
        if done == total or done % max(1, total // 10) == 0:
            print(f"{what}: {done} of {total} {unit}", file=sys.stderr, flush=True)

    return told
