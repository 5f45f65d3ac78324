"""The class path of Apache Kafka: Maven resolves the jars of pom.xml into its local repository."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from service.stack.errors import StackError

POM = Path(__file__).parent / "pom.xml"
CACHE = Path(".cache") / "producer-registry"


def tool(name: str) -> str:
    """Return the path of `java` or `mvn`. Raises StackError if it is not installed."""
    path = shutil.which(name)
    if path is None:
        raise StackError(
            f"Apache Kafka requires {name}, which is not on the PATH: install a Java runtime (17 or newer) and Maven"
        )
    return path


def resolve(pom: Path = POM) -> str:
    """Return the class path of a pom. Maven runs only if the pom has changed or a jar is missing.

    Raises StackError with the output of Maven if it fails.
    """
    name = hashlib.sha256(pom.read_bytes()).hexdigest()[:16]
    cached = Path.home() / CACHE / f"apache-kafka-{name}.classpath"
    if cached.exists():
        path = cached.read_text()
        if all(Path(jar).exists() for jar in path.split(":")):
            return path
    cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
        output = Path(folder) / "classpath"
        goal = ("dependency:build-classpath", "-DincludeScope=runtime", f"-Dmdep.outputFile={output}")
        done = subprocess.run(
            [tool("mvn"), "-q", "-B", "-f", str(pom), *goal], capture_output=True, text=True, check=False, cwd=folder
        )
        if done.returncode or not output.exists():
            raise StackError(f"Maven cannot resolve {pom}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        # Atomic, because other processes may resolve the same pom at the same time.
        output.replace(cached)
    return cached.read_text()
