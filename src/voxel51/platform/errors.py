"""Errors of code that runs in a job.

Exception
├── InvalidInput         the files or parameters are invalid: the job ends as FAILED/USER with this text
├── MissingWeights       weights of a built-in analytic are not installed: the job ends as FAILED/PLATFORM
├── MissingOutput        the analytic left out a declared output: the job ends as FAILED/ANALYTIC
├── UnavailableDevice    frames are wanted on a GPU that is not there: the job ends as FAILED/ANALYTIC
├── InvalidEntryPoint    the analytic is not installed, or its entry point is not an `Analytic`
└── InvalidAnalytic      the decorated function cannot become an analytic; the text names the line and the fix

An analytic raises `InvalidInput` to fail its job on purpose. Any other exception that leaves an analytic ends its job
as FAILED/ANALYTIC, with the traceback in the log.
"""


class InvalidInput(Exception):
    """Files or parameters of the job that cannot be analysed. The text names the file and its defect."""


class MissingWeights(Exception):
    """Weights of a built-in analytic that are not installed. The text says how to install them."""


class MissingOutput(Exception):
    """A declared output that the analytic did not write."""


class UnavailableDevice(RuntimeError):
    """A GPU on which an analytic wants frames, and which it cannot use. The text says what is missing."""


class InvalidEntryPoint(Exception):
    """An analytic that is not installed, or an entry point that names another kind of object."""


class InvalidAnalytic(TypeError):
    """Function or class from which no analytic can be derived. The text begins with ``file:line`` and names the fix.

    Attributes:
        field: path of the invalid field of the manifest, such as ``parameters[0].default``; None for none.
    """

    def __init__(self, place: str, text: str, field: str | None = None) -> None:
        super().__init__(f"{place}: {text}")
        self.field = field
