"""What only a browser can show: JupyterLab on a free port, and Chromium at it."""
