"""Command lines of the commands that simulate, with values that are right, nearly right, and absurd."""

from __future__ import annotations

import random

SMALL = "[time]\nyears = 5\n"
RUN_OPTIONS = {
    "-n": ("16", "48", "100", "1e2", "0", "-1", "1.5", "nan", "1e400", "9" * 30, ""),
    "--seed": ("1", "18446744073709551615", "-1", "18446744073709551616", "x", "1e3"),
    "--sampler": ("random", "latin-hypercube", "sobol", "halton", "", "SOBOL"),
    "--no-shocks": (None,),
    "--threads": ("1", "3", "0", "-2", "many"),
    "--json": (None,),
    "--quiet": (None,),
}
CHANGES = {
    "--set": (
        *("open_source.gap=4.0", 'open_source.gap={dist="uniform", low=2, high=8}', "time.years=6"),
        *(
            "open_source.gap=nan",
            "open_source.gap=1e400",
            "open_source.gap=-1",
            "open_source.gap",
            "=",
            "a.b=1",
        ),
        *("time.years=0", "time.steps_per_year=1000000", "correlations=[]", 'name="\x1b[2J"', "events=[1]"),
        *('open_source.gap={dist="beta", a=0, b=0}', 'open_source.gap={dist="normal", mean=1, sd=1e300}'),
    ),
}
PLACES = (
    "new",
    "new/below",
    "a_file",
    "a_file/below",
    "full",
    "x" * 300,
    "",
    " ",
    "\u202e",
    "\udc80",
    "new\n",
)
CONDITIONS = (
    *("se(P(thesis_falsified)) < 0.2", "P(thesis_falsified) > 0.5", "se(diff) < 0.5", "sign(diff)"),
    *(
        "se(P(thesis_falsified)) < 0",
        "se() < 1",
        "P(nosuch) > 0.5",
        "se(diff) < nan",
        "import os",
        "",
        "(" * 400,
    ),
)
METRICS = (
    *(
        "margin.chips @ 2030",
        "profit_share",
        "thesis_falsified",
        "gap @ 2027",
        "p5(margin.lab)",
        "P(gap > 6)",
    ),
    *(
        "margin",
        "margin.nosuch",
        "gap @ 1900",
        "gap @ x",
        "p500(gap)",
        "mean(mean(gap))",
        "",
        "\x00",
        "\udc80",
    ),
)
COMMANDS = {
    "run": RUN_OPTIONS
    | CHANGES
    | {
        "--keep": ("summary", "outcomes", "paths", "all"),
        "--until": CONDITIONS,
        "--workers": ("0", "-1", "x", "2000"),
        "--scheduler": ("tcp://10.0.0.1:1", "tcp://", "http://x", ""),
        "--check": (None,),
        "--force": (None,),
        "--dry-run": (None,),
        "--insecure-scheduler": (None,),
        "--junit": PLACES,
        "--markdown": PLACES,
        "--benchmark-json": PLACES,
        "--benchmark-layout": ("custom", "pytest", "x"),
        "-o": PLACES,
    },
    "compare": RUN_OPTIONS
    | {
        "--metric": METRICS,
        "--until": CONDITIONS,
        "--explain": (None,),
        "--by": ("table", "key", "x"),
        "--group": ("a=open_source.gap", "a=", "=", "a=nosuch.*", "a=*", "a=open_source.*,open_source.*"),
        "--permutations": ("4", "3", "x"),
    },
    "sweep": RUN_OPTIONS
    | CHANGES
    | {
        "--grid": (
            *(
                "open_source.gap=2:4:2",
                "open_source.gap=1:8:2:log",
                "lab.reinvestment=0.3,0.6",
                "time.years=5,6",
            ),
            *(
                "open_source.gap=2:4:0",
                "open_source.gap=-1:4:2:log",
                "open_source.gap=2:4:1e9",
                "open_source.gap=",
            ),
            *("a.b=1,2", "open_source.gap=nan,1", "open_source.gap=1:2:3:4:5", "open_source.gap=1,1", "="),
        ),
        "--metric": METRICS,
        "--frontier": ("thesis_falsified=0.5", "thesis_falsified=nan", "nosuch=1", "=", "p5(gap)=3"),
        "--dry-run": (None,),
        "--force": (None,),
        "-o": ("new.nc", "new.zarr", *PLACES),
    },
}
SCENARIOS = (
    "small.toml",
    "small.toml",
    "other.toml",
    "other.toml",
    "empty.toml",
    "nosuch",
    "",
    "full",
    "\udc80",
)


def random_command(chance: random.Random) -> list[str]:
    """Return a command line; of most options that it has, the values are right.

    Whatever is said of the number of trajectories, few are run: the last ``-n`` counts, and one
    that is wrong is refused first.
    """
    name = chance.choice(("run", "run", "compare", "sweep"))
    options = COMMANDS[name]
    words = [
        name,
        *chance.choices(SCENARIOS[:4] if chance.random() < 0.8 else SCENARIOS, k=_many(name, chance)),
    ]
    if chance.random() < 0.8:
        words += ["-n", chance.choice(("16", "48", "100"))]
    else:
        words += ["-n", chance.choice(options["-n"])]
    if name == "sweep" and chance.random() < 0.9:
        words += ["--grid", options["--grid"][chance.randrange(4)]]
    for option in chance.sample(sorted(set(options) - {"-n"}), chance.choice((0, 1, 1, 2, 3, 5))):
        values = options[option]
        value = chance.choice(values[:3] if chance.random() < 0.5 else values)
        words += [option] if value is None else [option, value]
        if option == "--until":
            words += ["--most", chance.choice(("64", "128", "16", "3", "x"))]
    return words


def _many(name: str, chance: random.Random) -> int:
    if chance.random() < 0.1:
        return chance.randrange(4)
    return 2 if name == "compare" else 1
