"""The fixtures that boot the image: those of tools/tessera_pytest.py, which the SDK has too."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from tessera_pytest import *  # noqa: E402,F401,F403
