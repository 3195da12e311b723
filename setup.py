"""Build of the compiled overlap kernel; everything else stands in pyproject.toml."""

import subprocess
import tempfile
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

NATIVE = Path("emojimap/_overlap_native")


class BuildKernel(build_ext):
    """Add what the compiler at hand understands."""

    def build_extensions(self):
        """Spread queries over threads where OpenMP is there; without it they go one by one."""
        if self.compiler.compiler_type == "msvc":
            compile_args, link_args = ["/O2", "/openmp", "/std:c11"], []
        else:
            # No -march: instruction sets are chosen when the program runs. No contraction: fused
            # multiply-adds would round otherwise than NumPy does.
            compile_args, link_args = (
                [
                    "-O3",
                    "-std=gnu11",
                    "-ffp-contract=off",
                    "-fno-trapping-math",
                    "-fno-math-errno",
                ],
                [],
            )
            if self._has_openmp():
                compile_args, link_args = [*compile_args, "-fopenmp"], ["-fopenmp"]
            else:
                self.announce("no OpenMP: batches of queries will use one thread", level=3)
        for extension in self.extensions:
            extension.extra_compile_args += compile_args
            extension.extra_link_args += link_args
        super().build_extensions()

    def _has_openmp(self):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "try.c")
            source.write_text(
                "#include <omp.h>\nint main(void) { return !omp_get_num_threads(); }\n"
            )
            command = [*self.compiler.compiler_so, "-fopenmp", str(source), "-o", f"{folder}/try"]
            command = [part for part in command if part != "-c"]
            return not subprocess.run(command, capture_output=True, check=False).returncode


setup(
    ext_modules=cythonize(
        [
            Extension(
                "emojimap._overlap",
                ["emojimap/_overlap.pyx", str(NATIVE / "paths.c")],
                depends=sorted(map(str, NATIVE.glob("*.[hi]*"))),
                include_dirs=[numpy.get_include(), str(NATIVE)],
                define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
            )
        ],
        compiler_directives={"language_level": "3"},
    ),
    cmdclass={"build_ext": BuildKernel},
)
