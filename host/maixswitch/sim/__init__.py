"""The simulator: device.app on the fakes, with cameras, scripts, recordings and a live view."""
