"""What people touch: the command line, the web app, the marketer's console and the shopper's widget."""

import os

# Gradio reads these while it is imported, wherever that happens first: no analytics, no look for newer
# versions, no saved runs.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_RUN_HISTORY"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
