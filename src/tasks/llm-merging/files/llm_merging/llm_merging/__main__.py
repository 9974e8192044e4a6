import sys

from llm_merging.cli import main

sys.exit(main())
