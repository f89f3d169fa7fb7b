"""Every check and every way to run `profiles` from a checkout: `nox --list` names them.

Needs nothing but nox and the Python that runs it. What a session installs is locked with hashes
in `requirements/`; `nox -s lock` renews the locks.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nox
import nox.command
import nox.project

nox.needs_version = ">=2025.10"
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"  # the locks say what belongs in; a second run starts at once
nox.options.sessions = ["lint", "types", "unit", "docs", "contracts", "integration"]

ROOT = Path(__file__).parent

DRIVERS = ["--extra=kafka", "--extra=cassandra", "--extra=mongo"]
LOCKS = {
    "production": ["--extra=all"],
    "lint": ["--group=lint"],
    "types": ["--group=types", "--extra=api", "--extra=dashboard", "--extra=metrics", *DRIVERS],
    "test": ["--group=test", "--extra=api", "--extra=dashboard", "--extra=metrics", *DRIVERS],
    "integration": ["--group=integration", "--extra=all"],
    "browser": ["--group=browser", "--extra=api", "--extra=dashboard", "--extra=mongo"],
    "deploy": ["--group=deploy", "--extra=metrics"],
    "mutation": ["--group=mutation", "--extra=api", "--extra=dashboard", *DRIVERS],
    "docs": ["--group=docs"],
    "audit": ["--group=audit"],
    "demo": ["--group=build", "--extra=api", "--extra=dashboard"],
    "bench-usual-job": ["--group=bench-usual-job"],
}
"""What each `requirements/NAME.txt` is made of, from pyproject.toml."""

PYTHONS = nox.project.python_versions(nox.project.load_toml(ROOT / "pyproject.toml"))
"""The versions of Python that the package supports, as its classifiers say."""
PYTHON_OF_NOX = f"{sys.version_info.major}.{sys.version_info.minor}"

PYTEST = ["python", "-m", "pytest", "-q"]
COVERAGE_OF_UNIT = ".coverage.unit"
COVERAGE_OF_CONTRACTS = ".coverage.contracts"


def _install_locked(session: nox.Session, lock: str) -> None:
    """Install exactly what `requirements/LOCK.txt` lists; a file with another hash is refused."""
    session.install("-q", "--require-hashes", "-r", f"requirements/{lock}.txt")


def _install_editable(session: nox.Session) -> None:
    """Install the package so that its source is used where it lies."""
    session.install("-q", "--no-deps", "--no-build-isolation", "-e", ".")


def _install_wheel(session: nox.Session) -> None:
    """Build the wheel and install it: what is tested or run is what a user would get."""
    dist = Path(session.create_tmp()) / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run_install(
        *("python", "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", str(dist), str(ROOT)),
        silent=True,
    )
    # By its folder and not by its name: with `nox -R` nothing is built, and nothing installed.
    found = ("--no-index", f"--find-links={dist}", "profiles")
    session.install("-q", "--no-deps", "--force-reinstall", *found)


def _measured(session: nox.Session, data_file: str, *tests: str) -> None:
    """Run the tests under coverage; the data are kept apart for each session."""
    session.run(
        *("python", "-m", "coverage", "run", f"--data-file={data_file}"),
        *("-m", "pytest", "-q", "-m", "not integration", *tests),
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the import contracts."""
    _install_locked(session, "lint")
    session.run("ruff", "check", "--quiet", ".")
    session.run("ruff", "format", "--check", "--quiet", "--diff", ".")
    session.run("lint-imports", "--no-logo", env={"PYTHONPATH": "src"}, silent=True)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types: mypy on everything, ty as a second reader of the package."""
    _install_locked(session, "types")
    session.run("mypy")
    session.run("ty", "check", "--quiet", "src")


@nox.session
def unit(session: nox.Session) -> None:
    """Test the rules, the use cases and the architecture; arguments go to pytest instead."""
    _install_locked(session, "test")
    _install_editable(session)
    if session.posargs:
        session.run(*PYTEST, *session.posargs)
        return
    _measured(session, COVERAGE_OF_UNIT, "tests/architecture", "tests/unit")


@nox.session
def contracts(session: nox.Session) -> None:
    """Test every local adapter against its port, then demand full coverage of the core."""
    _install_locked(session, "test")
    _install_editable(session)
    if session.posargs:
        session.run(*PYTEST, *session.posargs)
        return
    _measured(session, COVERAGE_OF_CONTRACTS, "tests/contracts")
    if not (ROOT / COVERAGE_OF_UNIT).exists():
        session.warn("Coverage is not checked: `nox -s unit contracts` measures both.")
        return
    session.run(
        *("python", "-m", "coverage", "combine", "--quiet", "--keep"),
        *(COVERAGE_OF_UNIT, COVERAGE_OF_CONTRACTS),
    )
    session.run(
        *("python", "-m", "coverage", "report", "--fail-under=100"),
        "--include=*/profiles/domain/*,*/profiles/application/*",
        silent=True,
    )


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation as a site, strictly, and follow every link in it.

    Arguments go to MkDocs instead: `nox -s docs -- serve` shows the pages while they are written.
    """
    _install_locked(session, "docs")
    env = {"NO_MKDOCS_2_WARNING": "1"}  # an advertisement for its successor
    if session.posargs:
        session.run("mkdocs", *session.posargs, env=env)
        return
    session.run("mkdocs", "build", "--strict", env=env, silent=True)  # --quiet passes over warnings
    session.run(*PYTEST, "tests/site")


@nox.session
def pythons(session: nox.Session) -> None:
    """Run unit and contract tests on the other supported Pythons that this machine has.

    Takes fewer examples than `unit` and `contracts`, which run on the Python of nox. Arguments are
    versions, as in `3.12 3.13`, and select.
    """
    ends = {PYTHON_OF_NOX: "run by the sessions unit and contracts"}
    for version in session.posargs or [each for each in PYTHONS if each != PYTHON_OF_NOX]:
        interpreter = _interpreter(version)
        ends[version] = "run" if interpreter else "missing on this machine"
        if interpreter:
            python = _environment(session, interpreter, f"python-{version}", "test")
            install = ("-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", ".")
            session.run_install(python, *install, external=True)
            tests = ("tests/architecture", "tests/unit", "tests/contracts")
            # No cache: `unit` may run at the same time.
            select = (
                "--hypothesis-profile=quick",
                "-m",
                "not integration",
                "-p",
                "no:cacheprovider",
            )
            session.run(python, *PYTEST[1:], *select, *tests, external=True)
    for version, end in ends.items():
        session.log("Python %s: %s", version, end)


def _interpreter(version: str) -> str | None:
    """Find a Python on the path, or among those that pyenv and uv have installed."""
    ask = "import ensurepip, sys, venv; print(*sys.version_info[:2], sep='.')"
    for path in _places(f"python{version}", version):
        if path.exists():  # and works: pyenv puts names on the path that lead nowhere
            asked = [str(path), "-c", ask]
            answer = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - a Python of this machine
            if answer.stdout.strip() == version:
                return str(path)
    return None


def _places(name: str, version: str) -> Iterator[Path]:
    """Say where a Python may be."""
    yield from (Path(folder) / name for folder in os.get_exec_path())
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/{name}"))
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or Path.home() / ".local/share/uv/python"
    yield from sorted(Path(uv).glob(f"cpython-{version}.*/bin/{name}"))


def _environment(session: nox.Session, interpreter: str, name: str, lock: str) -> str:
    """Make a further environment of a session and install a lock there; return its Python."""
    folder = Path(session.virtualenv.location).with_name(name)
    python = str(folder / "bin" / "python")
    if not Path(python).exists():
        session.run_install(interpreter, "-m", "venv", str(folder), external=True)
    install = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes")
    session.run_install(python, *install, "-r", f"requirements/{lock}.txt", external=True)
    return python


@nox.session
def integration(session: nox.Session) -> None:
    """Test the built wheel against the real things, Spark among them."""
    _install_locked(session, "integration")
    _install_wheel(session)
    tests = session.posargs or ["-m", "integration", "tests/contracts", "tests/integration"]
    session.run(*PYTEST, *tests)


@nox.session
def faults(session: nox.Session) -> None:
    """Kill the built wheel's processes at many moments and compare what they leave."""
    _install_locked(session, "integration")
    _install_wheel(session)
    session.run(*PYTEST, *(session.posargs or ["tests/faults"]))


@nox.session
def deploy(session: nox.Session) -> None:
    """Let Prometheus and the schemas of Kubernetes judge the files in `deploy/`."""
    _install_locked(session, "deploy")
    _install_editable(session)
    alone = session.posargs == ["tests/deploy/test_kubernetes.py"]  # needs no Prometheus
    env = {} if alone else {"PROFILES_TEST_PROMETHEUS": _prometheus(session)}
    session.run(*PYTEST, *(session.posargs or ["tests/deploy"]), env=env)


def _prometheus(session: nox.Session) -> str:
    """Return the folder of Prometheus's programs: that on the path, else Debian's, unpacked."""
    if found := shutil.which("promtool"):
        return str(Path(found).parent)
    folder = Path(session.virtualenv.location).with_name("prometheus")
    programs = folder / "usr" / "bin"
    if not (programs / "promtool").exists():
        if not shutil.which("apt-get"):
            session.error(f"Needs {_PROMETHEUS}, and there is no apt-get to download them")
        folder.mkdir(exist_ok=True)
        try:
            with session.chdir(folder):
                if not [*Path().glob("prometheus_*.deb")]:
                    session.run("apt-get", "download", "-qq", "prometheus", external=True)
                (package,) = Path().glob("prometheus_*.deb")
                session.run("dpkg", "-x", str(package), ".", external=True)
        except (nox.command.CommandFailed, ValueError):
            session.error(f"Needs {_PROMETHEUS}, and apt-get can't download them: apt-get update?")
    return str(programs)


_PROMETHEUS = "promtool and prometheus (Debian: apt-get install prometheus)"


@nox.session
def chaos(session: nox.Session) -> None:
    """Kill, freeze and restart all of a pipeline under load; `-- --seed N --minutes M`."""
    _install_locked(session, "integration")
    _install_wheel(session)
    session.run("python", "-m", "tests.support.chaos", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Look at the page in the Chromium of this machine."""
    _install_locked(session, "browser")
    _install_wheel(session)
    session.run(*PYTEST, *(session.posargs or ["tests/browser"]))


@nox.session
def screenshots(session: nox.Session) -> None:
    """Take the screenshots of the documentation anew."""
    _install_locked(session, "browser")
    _install_wheel(session)
    session.run("python", "docs/screenshots.py")


@nox.session
def demo(session: nox.Session) -> None:
    """Run the main job with its page; arguments go to `profiles demo`."""
    _install_locked(session, "demo")
    _install_wheel(session)
    session.run("profiles", "demo", *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """Run Kafka, MongoDB and Cassandra on this machine until Ctrl-C, for trying out."""
    _install_locked(session, "integration")
    _install_wheel(session)
    session.run("python", "-m", "tests.support.services")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the speed on this machine and print it; arguments go to the bench."""
    _install_locked(session, "integration")
    _install_wheel(session)
    # Its connectors exist for Spark 3.5 and no newer one, which ours runs on.
    usual_job = _environment(session, "python", "bench-usual-job", "bench-usual-job")
    env = {"PYTHONPATH": str(ROOT), "PROFILES_BENCH_USUAL_PYTHON": usual_job}
    session.run("python", "bench", *session.posargs, env=env)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Examine a million mutated messages: `-- --count N --seed S`; on servers: `-- --engines`."""
    _install_locked(session, "integration" if "--engines" in session.posargs else "test")
    _install_editable(session)
    session.run("python", "-m", "tests.support.fuzzing", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Break the domain in every way mutmut knows; each survivor is explained beside its test.

    The complete test of the age rule runs first and alone: once for each mutant would take days.
    Arguments name mutants, as in `profiles.domain.age*`, and are run instead of all that.
    """
    _install_locked(session, "mutation")
    _install_editable(session)
    if not session.posargs:
        complete = {"PROFILES_EXHAUSTIVE": "1"}
        session.run(*PYTEST, "tests/unit/domain/test_age.py", env=complete)
        # What mutmut remembers from the last run it would not try again on other tests.
        shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    session.run("mutmut", "run", *session.posargs)
    results = str(session.run("mutmut", "results", silent=True))
    # Whoever was asked for others only is not missed; a mutant that never ends has been noticed.
    settled = "timeout|not checked" if session.posargs else "timeout"
    alive = re.findall(rf"^ *(\S+): (?!{settled})", results, re.MULTILINE)
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests/unit").rglob("*.py"))
    unexplained = [name for name in alive if not re.search(re.escape(name) + r"\b", tests)]
    session.log("%d survivors, %d of them unexplained", len(alive), len(unexplained))
    if unexplained:
        session.error("Kill, or name and explain beside a test: " + ", ".join(unexplained))


@nox.session
def lock(session: nox.Session) -> None:
    """Renew `requirements/*.txt` from pyproject.toml: hashes, and no address of any index.

    Versions that still fit stay as they are; `nox -s lock -- --upgrade` takes the newest.
    """
    session.install("-q", "uv>=0.9,<1")
    for name, parts in LOCKS.items():
        session.run(
            *("uv", "pip", "compile", "--quiet", "pyproject.toml", *parts),
            *("--universal", "--python-version=3.11", "--fork-strategy=fewest"),
            *("--generate-hashes", "--no-emit-index-url", "--no-annotate"),
            *("--custom-compile-command", "nox -s lock"),
            *("--output-file", f"requirements/{name}.txt", *session.posargs),
            silent=True,
        )


@nox.session
def sbom(session: nox.Session) -> None:
    """Write a bill of materials of what production installs, in CycloneDX, to `dist/sbom.json`.

    It is made of the lock and needs no network; `production` or another lock can be named.
    """
    _install_locked(session, "audit")
    lock = session.posargs[0] if session.posargs else "production"
    dist = ROOT / "dist"
    dist.mkdir(exist_ok=True)
    session.run(
        *("cyclonedx-py", "requirements", f"requirements/{lock}.txt"),
        *("--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON"),
        *("-o", str(dist / "sbom.json")),
    )


@nox.session
def audit(session: nox.Session) -> None:
    """Ask an advisory service whether a version that production installs has a known weakness.

    Needs the network: without the service nothing is known, and the session fails and says so.
    """
    _install_locked(session, "audit")
    lock = session.posargs[0] if session.posargs else "production"
    try:
        session.run(
            *("pip-audit", "--requirement", f"requirements/{lock}.txt"),
            *("--disable-pip", "--require-hashes", "--progress-spinner", "off"),
            "--strict",  # else what the service knows nothing of passes as sound
        )
    except nox.command.CommandFailed:
        session.error(
            "Not passed: a weakness is named above, or the advisory service did not answer, or"
            " knows nothing of a package. Without an answer nothing was checked: run it where it"
            " answers"
        )
