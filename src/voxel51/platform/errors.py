"""How a job fails on purpose.

Exception
└── InvalidInput     the files or parameters are at fault: the job ends as FAILED/USER with this text

Any other exception that leaves an analytic ends its job as FAILED/ANALYTIC, with the traceback in the log.
"""


class InvalidInput(Exception):
    """The job's files or parameters cannot be analysed. The text names the file and what is wrong with it."""
