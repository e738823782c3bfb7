"""The simulator in a browser: the app in a thread of its own, a server on this PC, and a page without a build step."""
