"""The habits of this code base: which way imports point, how long things may be, what has a unit."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import sandwich_sim
from sandwich_sim.scenario.parameters import PARAMETERS
from sandwich_sim.variables import VARIABLES

SOURCE = Path(sandwich_sim.__file__).parent

# What a module is part of -> its level. Imports point to lower levels, or stay within a part;
# two parts of one level do not import each other. A new module at the top gets a line here.
LEVELS = {
    "_version": 0,
    "errors": 1,
    "variables": 2,
    "facts": 2,
    "observations": 2,
    "formats": 2,
    "scenario": 3,
    "kernels": 4,
    "distributions": 5,
    "sampling": 6,
    "results": 7,
    "model": 7,
    "kernel_cache": 7,
    "engine": 8,
    "prepare": 9,
    "execution": 10,
    "analysis": 10,
    "simulation": 11,
    "plots": 11,
    "report": 12,
    "studies": 13,
    "cli": 14,
}
NEVER_RUN_A_MODEL = {"analysis", "plots", "report"}
WHAT_RUNS_A_MODEL = {
    "simulation",
    "execution",
    "prepare",
    "engine",
    "model",
    "sampling",
    "distributions",
    "kernels",
}

# Outside package -> parts, or single modules, that may import it.
MAY_IMPORT = {
    "matplotlib": {"plots", "report"},
    "xarray": {"results", "analysis", "simulation", "plots", "report", "studies", "cli"},
    "click": {"cli"},
    "tomllib": {"scenario.parse"},
}
KERNELS_MAY_IMPORT = {"numpy", "numba", "llvmlite"}

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "misc", "common", "manager", "data2"}
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60


class Import(NamedTuple):
    importer: str
    imported: str
    line: int


def module_name(path: Path) -> str:
    """Dotted name below the package: ``kernels.rng``; empty for the package itself."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


MODULES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}


def imports_of(tree: ast.AST, importer: str) -> Iterator[Import]:
    """Every import in a module, those inside functions and type-checking blocks included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(importer, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            submodules = [f"{base}.{alias.name}" for alias in node.names]
            inside = base == "sandwich_sim" or base.removeprefix("sandwich_sim.") in MODULES
            found = [name for name in submodules if name.removeprefix("sandwich_sim.") in MODULES]
            for name in found if inside and found else [base]:
                yield Import(importer, name, node.lineno)


def all_imports() -> list[Import]:
    return [
        found
        for name, path in MODULES.items()
        for found in imports_of(ast.parse(path.read_text(encoding="utf-8")), name)
    ]


IMPORTS = all_imports()
INSIDE = [found for found in IMPORTS if found.imported.split(".")[0] == "sandwich_sim"]


def part_of(dotted: str) -> str:
    return dotted.removeprefix("sandwich_sim").lstrip(".").split(".")[0]


def places(found: list[Import]) -> list[str]:
    return [f"{item.importer}, line {item.line}: {item.imported}" for item in found]


def test_every_module_at_the_top_has_a_level():
    unplaced = {part_of(name) for name in MODULES} - LEVELS.keys() - {"", "__main__"}
    assert not unplaced, f"add to LEVELS: {sorted(unplaced)}"


def test_imports_point_downwards():
    wrong = [
        item
        for item in INSIDE
        if part_of(item.importer) not in ("", "__main__")
        and part_of(item.imported) not in ("", part_of(item.importer))
        and LEVELS.get(part_of(item.imported), 99) >= LEVELS.get(part_of(item.importer), 99)
    ]
    assert not wrong, places(wrong)


def test_imports_are_absolute():
    wrong = [item for item in IMPORTS if item.imported.startswith(".")]
    assert not wrong, places(wrong)


def test_nobody_imports_our_own_package_root():
    wrong = [item for item in INSIDE if item.imported == "sandwich_sim" and item.importer]
    assert not wrong, places(wrong)


def test_what_only_reads_results_never_reaches_what_runs_a_model():
    wrong = [
        item
        for item in INSIDE
        if part_of(item.importer) in NEVER_RUN_A_MODEL and part_of(item.imported) in WHAT_RUNS_A_MODEL
    ]
    assert not wrong, places(wrong)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_heavy_packages_stay_where_they_belong(package):
    wrong = [
        item
        for item in IMPORTS
        if item.imported.split(".")[0] == package
        and not {part_of(item.importer), item.importer} & MAY_IMPORT[package]
    ]
    assert not wrong, places(wrong)


def test_kernels_import_only_numpy_and_numba():
    allowed = KERNELS_MAY_IMPORT | sys.stdlib_module_names
    wrong = [
        item
        for item in IMPORTS
        if part_of(item.importer) == "kernels"
        and item.imported.split(".")[0] not in allowed
        and not item.imported.startswith("sandwich_sim.kernels")
    ]
    assert not wrong, places(wrong)


def test_importing_the_package_loads_nothing_heavy():
    program = "import sys, sandwich_sim; print(*sorted(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"numpy", "numba", "scipy", "xarray", "pandas", "zarr", "matplotlib"}
    assert not heavy & set(answer.stdout.split())


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_not_too_long(name):
    n_line = len(MODULES[name].read_text(encoding="utf-8").splitlines())
    assert n_line <= LONGEST_MODULE, f"{n_line} lines: split it"


@pytest.mark.parametrize("name", MODULES)
def test_a_function_fits_a_screen(name):
    long = []
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            signature = node.body[0].lineno - node.lineno
            n_line = signature + (node.end_lineno or 0) - first.lineno + 1
            if n_line > LONGEST_FUNCTION:
                long.append(f"{node.name}: {n_line} lines without its docstring")
    assert not long, long


@pytest.mark.parametrize("name", MODULES)
def test_modules_and_public_functions_say_what_they_do(name):
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    silent = [] if ast.get_docstring(tree) or not tree.body else ["the module"]
    for node in tree.body:
        public = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if public and not ast.get_docstring(node):
            silent.append(node.name)
    assert not silent, f"no docstring: {silent}"


def test_no_module_is_a_drawer_for_everything():
    assert not [name for name in MODULES if name.split(".")[-1].strip("_") in FORBIDDEN_NAMES]


def test_the_tree_is_two_levels_deep():
    assert not [name for name in MODULES if name.count(".") > 1]


def test_fewer_than_fifteen_names_are_public():
    public = sandwich_sim.__all__
    assert len(public) == len(set(public)) < 15
    assert all(hasattr(sandwich_sim, name) for name in public)


@pytest.mark.parametrize("name", VARIABLES)
def test_every_output_has_a_unit_and_a_long_name(name):
    variable = VARIABLES[name]
    assert variable.unit
    assert variable.long_name[0].isupper()


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda p: f"{p.table}.{p.key}")
def test_every_input_has_a_unit_and_a_long_name(parameter):
    assert parameter.unit
    assert parameter.long_name[0].isupper()


def test_names_of_inputs_and_outputs_are_whole_lower_case_words():
    names = [*VARIABLES, *(parameter.key for parameter in PARAMETERS)]
    assert not [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)]
