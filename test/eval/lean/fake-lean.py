#!/usr/bin/env python3
"""
Stands in for the wire to Lean 3, which these machines do not have: replays what `lean --json` was seen to say. Which of the outputs is told by a word in
the file that is checked; it says too how it was called.
"""
import json
import os
import sys
import time

file = sys.argv[-1]
text = open(file, encoding="utf-8").read()
if file == "axioms.lean":
    text = open("candidate.lean", encoding="utf-8").read() + " #axioms"


def say(severity, caption, message, line=1):
    print(json.dumps({"caption": caption, "file_name": os.path.abspath(file), "pos_col": 0, "pos_line": line, "severity": severity, "text": message}))


with open(os.environ["HOME"] + "/../../calls.txt", "a", encoding="utf-8") as calls:
    calls.write(json.dumps({"arguments": sys.argv[1:], "environment": sorted(os.environ), "path": open("leanpkg.path", encoding="utf-8").read()}) + "\n")
if "case_error" in text:
    say("error", "", "type mismatch at application\n  rfl\nterm has type ...", 7)
    sys.exit(1)
if "case_deterministic_timeout" in text:
    say("error", "", "(deterministic) timeout")
    sys.exit(1)
if "case_memory" in text:
    say("error", "", "excessive memory consumption detected at 'expression replacer' (potential solution: increase memory consumption threshold)")
    sys.exit(1)
if "case_endless" in text:
    time.sleep(1000)
if "#axioms" in text:
    if "case_unknown" in text:
        say("error", "", "unknown identifier 'x'")
        sys.exit(1)
    say("information", "print result", "classical.choice\nquot.sound\npropext\n" + ("my_axiom\n" if "case_axiom" in text else ""))
    sys.exit(0)
if "sorry" in text:
    say("warning", "", "declaration 'x' uses sorry")
if "case_flood" in text:
    for _ in range(100000):
        say("information", "trace output", "x" * 200)
