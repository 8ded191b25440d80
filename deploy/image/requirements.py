"""Print what pyproject.toml asks for: `requirements.py [EXTRA ...]`, each on a line.

So an image installs its packages in a layer that lasts until pyproject.toml changes.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
if sys.argv[1:2] == ["--only"]:
    wanted = extras[sys.argv[2]]
else:
    wanted = project["dependencies"] + [one for name in sys.argv[1:] for one in extras[name]]
sys.stdout.write("\n".join([*wanted, ""]))
