"""Language check: report phrases and names that the writing rules of this project exclude.

    python .ci/language PATH...

Prints one line for each finding, ``file:line: text: write replacement``, and exits with 1 if there are any. Folders are
searched for text files. The words are in ``vocabulary.toml`` beside this file.
"""

import argparse
import sys
from pathlib import Path

from files import text_files
from passages import passages_of
from vocabulary import Vocabulary

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Check the files and folders in ``arguments``; return the exit code."""
    parser = argparse.ArgumentParser(prog="python .ci/language", description="Check wording against vocabulary.toml.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or folder to check")
    vocabulary = Vocabulary.load(Path(__file__).with_name("vocabulary.toml"))
    count = 0
    for path in text_files(parser.parse_args(arguments).paths):
        shown = path.resolve().relative_to(ROOT) if path.resolve().is_relative_to(ROOT) else path
        found = [each for passage in passages_of(path) for each in vocabulary.check(passage, shown.as_posix())]
        for finding in sorted(found, key=lambda finding: finding.line):
            print(f"{shown}:{finding.line}: {finding.text}: write {finding.replacement}")
        count += len(found)
    if count:
        print(f"{count} findings. .ci/language/vocabulary.toml has the words and the exemptions.", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
