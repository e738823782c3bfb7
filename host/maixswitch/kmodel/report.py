"""The document of `kmodel info` as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .describe import Document


def report(found: Document) -> str:
    """The whole text, without a newline at the end."""
    if not found["usable"]:
        return "\n".join(_other(found))
    return "\n".join(
        [
            *_head(found),
            "",
            *_layers(found),
            "",
            *_memory(found),
            "",
            *_estimate(found),
            "",
            *_firmware(found),
            *_remarks(found),
        ]
    )


def grid(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str] = ()) -> Iterator[str]:
    """Aligned columns; those whose heading is in ``left`` to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        cells = [
            cell.ljust(width) if title in left else cell.rjust(width)
            for cell, width, title in zip(row, widths, head, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _other(found: Document) -> Iterator[str]:
    yield f"{found['file']}: {found['kind']}, {found['bytes']:,} bytes"
    yield f"  {found['message']}"
    if "inside" in found:
        yield f"  inside: {found['inside']}"
    if "converter" in found:
        yield f"  converter: {found['converter']}"


def _head(found: Document) -> Iterator[str]:
    yield f"{found['file']}: {found['kind']}, {found['bytes']:,} bytes, {len(found['layers'])} layers"
    for name in ("inputs", "outputs"):
        for index, tensor in enumerate(found[name]):
            yield f"  {name[:-1]} {index}: {tensor['text']} in {_memory_name(tensor['memory'])}"
    for line in found["use"]:
        yield f"  {line}"


def _memory_name(memory: str) -> str:
    return {"ai_ram": "AI RAM", "main": "main memory"}.get(memory, memory)


def _layers(found: Document) -> Iterator[str]:
    head = ("#", "layer", "in", "out", "parameters", "rows", "live", "MACs", "est.ms")
    rows = []
    for layer in found["layers"]:
        rows.append(
            (
                str(layer["index"]),
                layer["title"],
                _shape(layer["in"]),
                _shape(layer["out"]),
                f"{layer['parameters']:,}" if layer["parameters"] else "-",
                _rows(layer),
                f"{layer['live_rows']:,}" if layer["live_rows"] else "-",
                _large(layer["macs"]),
                f"{layer['estimate_ms']['typical']:.2f}",
            )
        )
    yield from grid(head, rows, left=("layer", "in", "out", "rows"))
    yield "in, out: channels x height x width; rows: AI RAM read > written, 64 bytes each; MACs at full resolution"


def _shape(places: list[Document]) -> str:
    texts = []
    for place in places:
        shape = place["shape"][-3:] if place["shape"] else None
        texts.append("x".join(map(str, shape)) if shape else f"{place['bytes']:,} B")
    return texts[0] + (f" +{len(texts) - 1}" if len(texts) > 1 and len(set(texts)) > 1 else "") if texts else "-"


def _rows(layer: Document) -> str:
    kpu = layer.get("kpu")
    if kpu is not None:
        batches = kpu["batches"]
        return " > ".join(f"{first}+{count * batches}" for first, count in (kpu["rows_in"], kpu["rows_out"]))
    places = [place for place in layer["out"] if place["memory"] == "ai_ram"]
    return f"> {places[0]['start'] // 64}+{places[0]['bytes'] // 64}" if places else "-"


def _large(number: int) -> str:
    if number >= 10_000_000:
        return f"{number / 1e6:.0f} M"
    return f"{number / 1e6:.1f} M" if number >= 100_000 else f"{number:,}" if number else "-"


def _memory(found: Document) -> Iterator[str]:
    memory = found["memory"]
    ram = memory["ai_ram"]
    frame, panel = memory["camera"]["frame"], memory["lcd"]["panel"]
    rows = [(name, size, "") for name, size in memory["load"].items()]
    rows.append(("loading it takes", memory["load_total"], ""))
    rows.append(("camera", memory["camera"]["bytes"], f"{frame[0]}x{frame[1]}" if frame else "none"))
    rows.append(("LCD", memory["lcd"]["bytes"], f"{panel[0]}x{panel[1]}" if panel else "none"))
    if memory["run_yolo2"]:
        rows.append(("run_yolo2", memory["run_yolo2"], "while it runs"))
    rows.append(("together", memory["total"], ""))
    yield "system heap"
    for name, size, remark in rows:
        yield f"  {name:<18}{size / 1024:>9,.1f} KiB  {remark}".rstrip()
    share = 100 * ram["peak_bytes"] / ram["bytes"]
    if not ram["peak_rows"]:
        yield "AI RAM: not used"
        return
    yield (
        f"AI RAM: at most {ram['peak_bytes'] / 1024:,.0f} of {ram['bytes'] // 1024:,} KiB ({share:.0f} %), "
        f"{ram['peak_rows']:,} rows, in layer {ram['peak_layer']}"
    )


def _estimate(found: Document) -> Iterator[str]:
    estimate = found["estimate"]

    def span(name: str) -> str:
        value = estimate[name]
        return f"about {_number(value['typical'])} ({_number(value['low'])} to {_number(value['high'])})"

    yield f"ESTIMATE, from published figures: {estimate['note'].split(', ')[-1]}"
    yield f"  load from the card  {span('load_ms')} ms"
    run = "upload, layers and YOLO boxes" if estimate["decode_ms"]["typical"] else "upload and layers"
    yield f"  one run             {span('run_ms')} ms: {run}, {_large(estimate['macs'])} multiply-accumulates"
    yield f"  with camera and LCD {span('fps')} pictures a second"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _firmware(found: Document) -> Iterator[str]:
    rows = [
        (item["name"], item["text"], "estimate" if "estimate" in item["source"] else "reported")
        for item in found["firmware"]
    ]
    yield from grid(("firmware", "verdict", "free heap is"), rows, left=("firmware", "verdict", "free heap is"))
    if found["advice"]:
        yield "what would:"
        for line in found["advice"]:
            yield f"  - {line}"


def _remarks(found: Document) -> Iterator[str]:
    for title in ("notes", "warnings"):
        for line in found[title]:
            yield f"{title[:-1]}: {line}"
