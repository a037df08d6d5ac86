"""Sample analytics that allow the platform to keep what they set up."""

import os
import threading
import time
import uuid
from pathlib import Path

from voxel51.platform import Job, analytic

SEEN = []


@analytic(version="1.0.0", name="warm", warm=True)
class Warm:
    """Leave everything behind that a job can leave, and return what it finds."""

    def setup(self):
        self.model = uuid.uuid4().hex
        self.made_by = os.getpid()
        self.credentials = [name for name in os.environ if name.startswith(("API_", "JOB_", "TASK"))]

    def process(self, job: Job, seconds: float = 0.0) -> dict:
        """Process one job.

        Args:
            job: the job.
            seconds: time for which it runs.
        """
        places = [Path("left.txt"), Path("/tmp/left-by-warm.txt"), Path("/dev/shm/left-by-warm.txt")]
        found = {
            "model": self.model,
            "was_set_up_before": self.made_by != os.getpid(),
            "credentials": self.credentials,
            "seen": list(SEEN),
            "files": [str(path) for path in places if path.exists()],
            "folder": str(Path.cwd()),
        }
        SEEN.append("an earlier job")
        self.model += "-changed"
        for path in places:
            path.write_text("left")
        print("FOUND", found["folder"], flush=True)
        time.sleep(seconds)
        return found


@analytic(version="1.0.0", name="warm-broken", warm=True)
class WarmBroken:
    """Fail to set up unless a job runs."""

    def setup(self):
        if "TASK_DESCRIPTION" not in os.environ:
            raise RuntimeError("no model without a job")

    def process(self) -> dict:
        """Process one job."""
        return {}


@analytic(version="1.0.0", name="warm-greedy", warm=True)
class WarmGreedy:
    """Set up much memory."""

    def setup(self):
        self.model = bytearray(os.urandom(1 << 20)) * 200

    def process(self) -> dict:
        """Process one job."""
        return {}


@analytic(version="1.0.0", name="warm-threads", warm=True)
class WarmThreads:
    """Set up a thread that waits, as model runtimes do."""

    def setup(self):
        threading.Thread(target=threading.Event().wait, name="of setup", daemon=True).start()

    def process(self) -> dict:
        """Process one job."""
        return {"threads": [thread.name for thread in threading.enumerate()]}
