"""The document of `kmodel info` as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maixswitch import console
from maixswitch.language import series, tr, word

from .describe import Document

INPUT = "input {index}: {tensor} in {memory}"
OUTPUT = "output {index}: {tensor} in {memory}"


def report(document: Document) -> str:
    """The whole text, without a newline at the end."""
    # The document of a file that is not a model has other parts.
    if not document["usable"]:
        return "\n".join(_other(document))
    return "\n".join(
        [
            *_head(document),
            "",
            *_layers(document),
            "",
            *_memory(document),
            "",
            *_estimate(document),
            "",
            *_firmware(document),
            *_notes(document),
        ]
    )


def grid(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str] = ()) -> Iterator[str]:
    """Aligned columns. Those whose heading is in ``left`` are aligned to the left, the others to the right."""
    widths = [max(console.width(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        cells = [
            console.left(cell, width) if title in left else console.right(cell, width)
            for cell, width, title in zip(row, widths, head, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _other(document: Document) -> Iterator[str]:
    yield tr("{file}: {kind}, {bytes:,} bytes", file=document["file"], kind=document["kind"], bytes=document["bytes"])
    yield f"  {document['message']}"
    if "inside" in document:
        yield "  " + tr("inside: {inside}", inside=document["inside"])
    if "converter" in document:
        yield "  " + tr("converter: {converter}", converter=document["converter"])


def _head(document: Document) -> Iterator[str]:
    yield tr(
        "{file}: {kind}, {bytes:,} bytes, {layers} layers",
        file=document["file"],
        kind=document["kind"],
        bytes=document["bytes"],
        layers=len(document["layers"]),
    )
    for tensors, text in ((document["inputs"], INPUT), (document["outputs"], OUTPUT)):
        for index, tensor in enumerate(tensors):
            memory = _memory_name(tensor["memory"])
            yield "  " + word(text).format(index=index, tensor=tensor["text"], memory=memory)
    for line in document["use"]:
        yield f"  {line}"


def _memory_name(memory: str) -> str:
    return {"ai_ram": "AI RAM", "main": tr("main memory")}.get(memory, memory)


def _layers(document: Document) -> Iterator[str]:
    layer_title, input_title, output_title, rows_title = tr("layer"), tr("in"), tr("out"), tr("rows")
    head = ("#", layer_title, input_title, output_title, tr("parameters"), rows_title, tr("live"), "MACs", tr("est.ms"))
    rows = []
    for layer in document["layers"]:
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
    yield from grid(head, rows, left=(layer_title, input_title, output_title, rows_title))
    yield tr("in, out: channels x height x width; rows: AI RAM read > written, 64 bytes each; MACs at full resolution")


def _shape(uses: list[Document]) -> str:
    texts = []
    for use in uses:
        shape = use["shape"][-3:] if use["shape"] else None
        texts.append("x".join(map(str, shape)) if shape else f"{use['bytes']:,} B")
    # Several inputs of one shape, such as those of an addition, are shown once.
    return texts[0] + (f" +{len(texts) - 1}" if len(texts) > 1 and len(set(texts)) > 1 else "") if texts else "-"


def _rows(layer: Document) -> str:
    # Only KPU layers read the AI RAM. Others at most write it, as an upload does.
    kpu = layer.get("kpu")
    if kpu is not None:
        batches = kpu["batches"]
        return " > ".join(f"{first}+{count * batches}" for first, count in (kpu["rows_in"], kpu["rows_out"]))
    uses = [use for use in layer["out"] if use["memory"] == "ai_ram"]
    return f"> {uses[0]['start'] // 64}+{uses[0]['bytes'] // 64}" if uses else "-"


def _large(number: int) -> str:
    if number >= 10_000_000:
        return f"{number / 1e6:.0f} M"
    return f"{number / 1e6:.1f} M" if number >= 100_000 else f"{number:,}" if number else "-"


def _memory(document: Document) -> Iterator[str]:
    memory = document["memory"]
    ram = memory["ai_ram"]
    # This part shows the figures of the first firmware. The table of firmwares shows those of the others.
    frame, panel = memory["camera"]["frame"], memory["lcd"]["panel"]
    first = document["firmware"][0]
    rows = [(tr("free at the prompt"), first["free"], first["name"])]
    rows.append(("LCD", memory["lcd"]["bytes"], f"{panel[0]}x{panel[1]}" if panel else tr("none")))
    rows.append((tr("camera"), memory["camera"]["bytes"], f"{frame[0]}x{frame[1]}" if frame else tr("none")))
    rows.append((tr("room for a model"), first["room"], ""))
    blocks = series(f"{word(name)} {size:,}" for name, size in memory["load"].items())
    rows.append((tr("loading it takes"), memory["load_total"], tr("{blocks} bytes", blocks=blocks)))
    # The boxes take their memory only while they are decoded, so they are listed apart from loading.
    if memory["run_yolo2"]:
        rows.append(("run_yolo2", memory["run_yolo2"], tr("while it runs")))
    rows.append((tr("left"), first["left"], ""))
    yield tr("system heap, in steps of 4 KiB")
    for name, size, note in rows:
        yield f"  {console.left(name, 18)}{size / 1024:>9,.1f} KiB  {note}".rstrip()
    share = 100 * ram["peak_bytes"] / ram["bytes"]
    # A share of 0 % would look like a rounding.
    if not ram["peak_rows"]:
        yield tr("AI RAM: not used")
        return
    yield tr(
        "AI RAM: at most {peak:,.0f} of {all:,} KiB ({share:.0f} %), {rows:,} rows, in layer {layer}",
        peak=ram["peak_bytes"] / 1024,
        all=ram["bytes"] // 1024,
        share=share,
        rows=ram["peak_rows"],
        layer=ram["peak_layer"],
    )


def _estimate(document: Document) -> Iterator[str]:
    estimate = document["estimate"]

    def span(name: str) -> str:
        value = estimate[name]
        low, typical, high = (_number(value[key]) for key in ("low", "typical", "high"))
        return tr("about {typical} ({low} to {high})", typical=typical, low=low, high=high)

    # The word ESTIMATE comes first, because figures with a decimal point are easily taken for measurements.
    yield tr("ESTIMATE, from published figures: not a measurement of this model")
    heads = [tr("load from the card"), tr("one run"), tr("with camera and LCD")]
    load, run, live = (console.left(head, max(map(console.width, heads))) for head in heads)
    yield f"  {load} {span('load_ms')} ms"
    parts = tr("upload, layers and YOLO boxes") if estimate["decode_ms"]["typical"] else tr("upload and layers")
    work = tr("{parts}, {macs} multiply-accumulates", parts=parts, macs=_large(estimate["macs"]))
    yield f"  {run} {span('run_ms')} ms: {work}"
    yield f"  {live} {tr('{fps} pictures a second', fps=span('fps'))}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def firmware_table(items: Sequence[Document]) -> Iterator[str]:
    """Lines with the verdict of each firmware, as `judged_row` gives them."""
    rows = [
        (item["name"], item["version"], f"{item['room'] // 1024} KiB", item["text"], item["source"]) for item in items
    ]
    head = (tr("firmware"), tr("version"), tr("room"), tr("verdict"), tr("read from"))
    yield from grid(head, rows, left=(head[0], head[1], head[3], head[4]))


def _firmware(document: Document) -> Iterator[str]:
    yield from firmware_table(document["firmware"])
    if document["advice"]:
        yield tr("how to make it fit:")
        for line in document["advice"]:
            yield f"  - {line}"


def _notes(document: Document) -> Iterator[str]:
    for line in document["notes"]:
        yield tr("note: {line}", line=line)
    for line in document["warnings"]:
        yield tr("warning: {line}", line=line)
