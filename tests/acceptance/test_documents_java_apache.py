"""The Java sample of the contract document compiles against the client library of Apache Kafka."""

import shutil
import subprocess
from pathlib import Path

from service.stack.apache.classpath import resolve
from tests.support.document import ROOT, blocks


def test_java_sample_of_the_contract_document_compiles(tmp_path: Path) -> None:
    (sample,) = [b for b in blocks((ROOT / "service/contract/README.md").read_text()) if b.language == "java"]
    source = tmp_path / "Registry.java"
    source.write_text(sample.text)
    javac = shutil.which("javac")
    compiler = ["java", "-m", "jdk.compiler/com.sun.tools.javac.Main"] if javac is None else [javac]
    options = ["-Werror", "-Xlint:all,-processing,-path", "-proc:none", "-cp", resolve(), "-d", str(tmp_path)]
    ended = subprocess.run(
        [*compiler, *options, str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "Registry.class").exists()
