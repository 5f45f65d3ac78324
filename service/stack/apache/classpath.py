"""The jars of Apache Kafka: named in pom.xml, resolved by Maven into its local repository."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from service.stack.errors import StackError

POM = Path(__file__).parent / "pom.xml"
CACHE = Path(".cache") / "producer-registry"


def tool(name: str) -> str:
    """Return the path of `java` or `mvn`; raises StackError when it is not installed."""
    path = shutil.which(name)
    if path is None:
        raise StackError(f"Apache Kafka needs {name}, which is not on the PATH: install a Java runtime (17+) and Maven")
    return path


def resolve(pom: Path = POM) -> str:
    """Return the class path of what a pom names; Maven is asked only when it changed or a jar is gone.

    Raises StackError with Maven's own words when it fails.
    """
    name = hashlib.sha256(pom.read_bytes()).hexdigest()[:16]
    kept = Path.home() / CACHE / f"apache-kafka-{name}.classpath"
    if kept.exists():
        path = kept.read_text()
        if all(Path(jar).exists() for jar in path.split(":")):
            return path
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        fresh = Path(folder) / "classpath"
        goal = ("dependency:build-classpath", "-DincludeScope=runtime", f"-Dmdep.outputFile={fresh}")
        done = subprocess.run(
            [tool("mvn"), "-q", "-B", "-f", str(pom), *goal], capture_output=True, text=True, check=False, cwd=folder
        )
        if done.returncode or not fresh.exists():
            raise StackError(f"Maven cannot resolve {pom}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        # Whoever resolves at the same time writes the same.
        fresh.replace(kept)
    return kept.read_text()
