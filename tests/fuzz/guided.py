"""Coverage-guided fuzzing of scenario files; needs atheris (Linux): python tests/fuzz/guided.py -runs=100000

Every input must hold what `malformed_scenarios.problems_of` asks. Arguments are those of libFuzzer;
the first that is a folder keeps the inputs that reached something new.
"""

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))
with atheris.instrument_imports(include=["sandwich_sim.scenario", "tomllib"]):
    import malformed_scenarios


def main() -> None:
    """Fuzz until libFuzzer stops."""
    with tempfile.TemporaryDirectory() as room, tempfile.TemporaryDirectory() as seeds:
        for number, data in enumerate(set(malformed_scenarios.corpus())):
            (Path(seeds) / str(number)).write_bytes(data)

        def try_one(data: bytes) -> None:
            malformed_scenarios.problems_of(data, Path(room))

        atheris.Setup([*sys.argv, seeds], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
