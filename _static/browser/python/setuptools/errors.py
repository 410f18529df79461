"""The exception that PyTensor would raise where a C compiler fails; in the page there is none."""


class CompileError(Exception):
    """Compilation failed."""
