"""Complete layers as loops that numba compiles, on the chip's memory itself. The backend "onnxruntime" runs them.

``kpu_layers.bind`` ties a KPU layer to its memory and ``cpu_layers.bind`` any other; what they decline, the plain path
runs. ``kpu_loops``, ``curve_loops``, ``cpu_loops`` and ``tiles`` are compiled, by ``jit``, once for an installation.
"""
