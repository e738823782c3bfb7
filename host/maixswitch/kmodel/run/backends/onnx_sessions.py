"""Sessions of ONNX Runtime for single layers, on one core each and with one memory pool for all."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np

from maixswitch.kmodel.format.arrays import Array


@cache
def _library() -> Any:
    """The package, with one arena for all sessions. Separate arenas would each hold memory for the largest map."""
    onnxruntime = importlib.import_module("onnxruntime")
    arena = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    info = onnxruntime.OrtMemoryInfo("Cpu", arena, 0, onnxruntime.OrtMemType.DEFAULT)
    with suppress(RuntimeError):  # another user of the package has registered one, which is as good
        onnxruntime.create_and_register_allocator(info, None)
    return onnxruntime


def session_of(content: bytes, weights: Mapping[str, Array] | None = None) -> Any:
    """A session on one core, because layers are short and threads would only wait for each other.

    weights: the tensors that the model only names. The session copies them, and frees that copy where it changes their
    layout. Weights in the bytes of the model would stay in memory as well.
    """
    onnxruntime = _library()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Warnings about layers that the library cannot place would reach the user's terminal.
    options.log_severity_level = 3
    options.enable_mem_pattern = False  # with it, a session would hold memory for all its maps at once
    options.add_session_config_entry("session.use_env_allocators", "1")
    if weights:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(item)) for item in weights.values()]
        options.add_external_initializers(list(weights), values)
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
