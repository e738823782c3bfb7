"""Modules that the app needs once, at the start or for one task; device.forget drops them from memory."""
