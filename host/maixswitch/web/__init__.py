"""The simulator in a browser: the app in its own thread, a server on this PC, and a page without a build step."""
