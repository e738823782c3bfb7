"""The report of a conversion as a document and as text: errors of the layers, agreement, firmwares that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from maixswitch.convert.lower.runnable import make_runnable
from maixswitch.convert.quantise.scales import FROM_FILE
from maixswitch.kmodel.format.sniff import file_kind
from maixswitch.kmodel.judge.describe import describe
from maixswitch.kmodel.judge.report import grid
from maixswitch.language import tr

from . import pixel_formulas
from .answers import Answer, accuracy, worst_first
from .compare import Nearness
from .facts import Facts
from .verdict import WEAK, judge, loss_in_words

SCHEMA = 1
LOSS, GOOD = 1.0, 60.0
"""dB that an output may lose on another runtime, counted from at most ``GOOD``, and still be called the same."""
Document = dict[str, Any]


def document(facts: Facts) -> Document:
    """Returns the report as a document for JSON. dB are null if a tensor has no error, or if it is not known."""
    quantised = facts.quantised
    # The file is described by the code of ``kmodel info``, so that both commands agree.
    kmodel = describe(facts.model, facts.output, file_kind(facts.lowered.data))
    fits = [item["name"] for item in kmodel["firmware"] if item["verdict"] == "fits"]
    agreement = facts.agreement
    methods = [method for method in quantised.methods.values() if method != "pixels"]
    stated = methods.count(FROM_FILE)
    measured = len(methods) - stated
    return {
        "schema": SCHEMA,
        "command": "convert",
        "network": str(facts.network),
        "output": str(facts.output),
        "kind": facts.kind,
        "seconds": round(facts.seconds, 2),
        "images": {
            "calibrated": facts.calibrated,
            "held_back": facts.held_back,
            "noise": facts.noise,
            "made_up": facts.made_up,
            "classes": len(facts.folders),
            "skipped": facts.skipped,
        },
        "ranges": {"file": stated, "measured": measured},
        "pixels": _pixels(facts),
        "verdict": _verdict(facts),
        "steps": list(_steps(facts)),
        "runtime": facts.model.runtime,
        "outputs": [{"name": name, **_near(facts, name)} for name in quantised.outputs],
        "elsewhere": [_other(facts, runtime) for runtime in facts.other_runtimes],
        "agreement": None
        if agreement is None
        else {"kind": agreement.kind, "agree": agreement.agree, "of": agreement.of, "share": agreement.share},
        "accuracy": _accuracy(facts),
        "answers": [_answer(facts, answer) for answer in worst_first(facts.answers)] if facts.judged else [],
        "only_v4": _only_v4(facts),
        "fits": fits,
        "unchanging": list(quantised.unchanging),
        "notes": list(facts.notes),
        "kmodel": kmodel,
    }


def _only_v4(facts: Facts) -> list[str]:
    """Returns the nodes for which kmodel v3 has no layer, as "name (operator)"."""
    titles = [facts.quantised.title(layer) for layer in facts.lowered.only_v4]
    return list(dict.fromkeys(f"{name} ({kind})" for name, kind in titles))


def _steps(facts: Facts) -> Iterator[Document]:
    quantised = facts.quantised
    # These are the layers of the file, including those that make it runnable.
    for layer in make_runnable(quantised).layers:
        scale = quantised.scales.get(layer.output)
        low_high = None if scale is None else [-scale.zero / scale.steps, (255 - scale.zero) / scale.steps]
        yield {
            "name": layer.output,
            "nodes": list(layer.sources),
            "kind": layer.describe(),
            "shape": list(facts.lowered.shapes[layer.output]),
            "range": low_high,
            "method": quantised.methods.get(layer.output, ""),
            **_near(facts, layer.output),
        }


def _pixels(facts: Facts) -> Document:
    """Returns the formula of the pixels, and how often the float network is right with the usual ones."""
    trial = facts.formula_trial
    return {
        "formula": facts.formula.text(),
        "channels": [list(pair) for pair in facts.formula.pixels],
        "tried": None
        if trial is None
        else {
            "pictures": trial.pictures,
            "right": trial.used,
            "others": [
                {"formula": item.text(), "options": item.options, "bgr": item.bgr, "right": right}
                for item, right in trial.others.items()
            ],
            "better": None if trial.better is None else trial.better.text(),
        },
        "lines": pixel_formulas.words(facts.formula, trial, bool(facts.labels)),
    }


def _verdict(facts: Facts) -> Document:
    """Returns whether the result is poor, and the layer that loses most; its dB are null where they are infinite."""
    judged = judge(facts)
    loss = judged.loss
    return {
        "poor": judged.poor,
        "reasons": list(judged.reasons),
        "layer": None
        if loss is None
        else {
            "name": loss.layer.output,
            "nodes": list(loss.layer.sources),
            "before_db": round(loss.before, 2) if isfinite(loss.before) else None,
            "behind_db": round(loss.behind, 2) if isfinite(loss.behind) else None,
            "text": loss_in_words(loss),
        },
        "remedies": list(judged.remedies),
    }


def _accuracy(facts: Facts) -> Document | None:
    """Returns for how many pictures of a known class each network is right; None if no class is known."""
    pictures, original, converted = accuracy(facts.answers)
    if not pictures:
        return None
    return {
        "pictures": pictures,
        "float": original,
        "kmodel": converted,
        "float_share": original / pictures,
        "kmodel_share": converted / pictures,
        "classes_by": "labels" if facts.labels else "order",
    }


def _answer(facts: Facts, answer: Answer) -> Document:
    """Returns the answers to one picture; classes are names, boxes are counted."""
    best = answer.best
    return {
        "picture": str(answer.file.path) if answer.file else None,
        "truth": None if answer.truth is None else facts.label(answer.truth),
        "float": None if best is None else facts.label(best[0]),
        "kmodel": None if best is None else facts.label(best[1]),
        "scores": None if answer.scores is None or not all(map(isfinite, answer.scores)) else list(answer.scores),
        "boxes": [len(part) for part in answer.boxes]
        if answer.agreement and answer.agreement.kind == "yolo2"
        else None,
        "same": answer.same,
        "snr_db": round(answer.snr, 2) if isfinite(answer.snr) else None,
    }


def _other(facts: Facts, runtime: str) -> Document:
    """Returns the outputs on another runtime; ``same``: are they about as close to the float network?"""
    names, near = facts.quantised.outputs, facts.other_runtimes[runtime]
    origin = [facts.quantised.origin[name] for name in names]
    # A loss above GOOD does not change any answer. Below it, one decibel may.
    lost = [min(facts.nearness[name].snr, GOOD) - near[name].snr for name in origin if name in near]
    outputs = [{"name": name, **_near(facts, name, near)} for name in names]
    return {"runtime": runtime, "same": max(lost, default=0.0) <= LOSS, "outputs": outputs}


def _near(facts: Facts, name: str, nearness: Mapping[str, Nearness] | None = None) -> Document:
    near = (facts.nearness if nearness is None else nearness).get(facts.quantised.origin.get(name, ""))
    # A tensor without a counterpart in the float network has no figures.
    if near is None:
        return {"snr_db": None, "worst": None, "exact": False}
    snr = near.snr
    return {
        "snr_db": round(snr, 2) if isfinite(snr) else None,
        "worst": near.worst if isfinite(near.worst) else None,
        "exact": near.error == 0.0,
    }


def text(report: Document) -> str:
    """Returns the report for a terminal, without a newline at the end."""
    return "\n".join([*_table(report), "", *summary(report)])


def _table(report: Document) -> Iterator[str]:
    layer, kind, shape = tr("layer"), tr("type"), tr("shape")
    head = (layer, kind, shape, tr("range"), tr("range by"), tr("SNR dB"))
    rows = [
        (
            shortened(item["name"], 32),
            item["kind"],
            "x".join(map(str, item["shape"])),
            "{:.3g}..{:.3g}".format(*item["range"]) if item["range"] else "float32",
            item["method"] or "-",
            decibels(item),
        )
        for item in report["steps"]
    ]
    yield from grid(head, rows, left=(layer, kind, shape))


def decibels(item: Document) -> str:
    """Returns the SNR of a layer or output as text."""
    if item["snr_db"] is None:
        return tr("exact") if item["exact"] else "-"
    return f"{item['snr_db']:.1f}"


def shortened(name: str, most: int) -> str:
    """Returns the name, or only its end if it is long, because many names begin alike."""
    return name if len(name) <= most else "..." + name[3 - most :]


def summary(report: Document) -> list[str]:
    """Returns the lines below the table; the page shows the same."""
    kmodel, images = report["kmodel"], report["images"]
    lines = []
    # A trial is easily mistaken for a result, so its warning comes first.
    if images["noise"]:
        lines.append(
            tr("TRIAL WITH NOISE: ranges and figures say nothing about real pictures; convert again with --images DIR")
        )
    elif images["made_up"]:
        lines.append(
            tr("no pictures: the ranges are those of the file; the figures are of made-up pictures and say little")
        )
    else:
        lines.append(
            tr(
                "pictures: {calibrated} to measure ranges, {held} others to compare",
                calibrated=images["calibrated"],
                held=images["held_back"],
            )
            if images["held_back"]
            else tr(
                "pictures: {calibrated}, to measure ranges and to compare: too few to hold any back",
                calibrated=images["calibrated"],
            )
        )
    if report["ranges"]["file"]:
        lines.append(tr("ranges: {file} tensors from the file, {measured} measured", **report["ranges"]))
    # A poor result is easily missed among the figures, so it comes before them.
    lines += _judged(report["verdict"])
    lines += report["pixels"]["lines"]
    for runtime, outputs in _outputs(report):
        for item in outputs:
            line = tr(
                "output {name}: SNR {snr} dB on {runtime}", name=item["name"], snr=decibels(item), runtime=runtime
            )
            lines.append(line)
    lines += [
        tr(
            "warning: {line}",
            line=tr("output {name}: the float network gives the same numbers for all pictures", name=name),
        )
        for name in report["unchanging"]
    ]
    # Other runtimes are only mentioned if the results differ enough to matter.
    others = [item["runtime"] for item in report["elsewhere"] if not item["same"]]
    if others:
        differs = tr(
            "on {others} this file gives other results than on {runtime}",
            others=", ".join(others),
            runtime=report["runtime"],
        )
        lines.append(tr("warning: {line}", line=differs))
    lines += agreed(report["agreement"])
    lines += accurate(report)
    memory, ram = kmodel["memory"], kmodel["memory"]["ai_ram"]
    lines.append(
        tr(
            "size: file {file:,} bytes, main memory {main:,}, AI RAM at most {ram:,} of {all:,}",
            file=memory["file"],
            main=memory["main_memory"],
            ram=ram["peak_bytes"],
            all=ram["bytes"],
        )
    )
    only_v4 = report["only_v4"]
    if only_v4:
        lines.append(
            tr(
                "kmodel v4, because v3 has no layer for {count} nodes: {names}; not every firmware runs v4",
                count=len(only_v4),
                names=", ".join(only_v4[:3]) + (" ..." if len(only_v4) > 3 else ""),
            )
        )
    run, fps = kmodel["estimate"]["run_ms"], kmodel["estimate"]["fps"]
    lines.append(
        tr(
            "time on the board (an estimate): {typical:.1f} ms a picture ({low:.1f}..{high:.1f}), {fps:.0f} a second",
            typical=run["typical"],
            low=run["low"],
            high=run["high"],
            fps=fps["typical"],
        )
    )
    lines += [f"  {item['name']}: {item['text']}" for item in kmodel["firmware"]]
    lines += [tr("note: {line}", line=line) for line in report["notes"]]
    lines += [tr("warning: {line}", line=line) for line in kmodel["warnings"]]
    # A weak layer often causes wrong answers in later ones, so the first few are named.
    weak = [item["name"] for item in report["steps"] if item["snr_db"] is not None and item["snr_db"] < WEAK]
    if weak:
        lines.append(
            tr(
                "below {least:.0f} dB; look at these layers first when answers differ: {names}",
                least=WEAK,
                names=", ".join(weak[:5]) + (" ..." if len(weak) > 5 else ""),
            )
        )
    return lines


def _judged(verdict: Document) -> Iterator[str]:
    """Yields the lines about a poor result; nothing for a good one."""
    yield from (tr("POOR RESULT: {reason}", reason=reason) for reason in verdict["reasons"])
    if verdict["layer"] is not None:
        yield verdict["layer"]["text"]
    if verdict["remedies"]:
        yield tr("what usually helps:")
    yield from (f"- {remedy}" for remedy in verdict["remedies"])


def accurate(report: Document) -> list[str]:
    """Returns the accuracy of both networks in words; nothing if the true classes are not known."""
    figures = report["accuracy"]
    if figures is None:
        return []
    # Sorted folders are only a guess at the order of the classes, so the line says so.
    by = (
        tr("classes by the names of their folders")
        if figures["classes_by"] == "labels"
        else tr("classes in the sorted order of their folders")
    )
    return [
        tr(
            "right answers in {pictures} pictures: float network {original:.1f} %, kmodel {converted:.1f} % ({by})",
            pictures=figures["pictures"],
            original=100 * figures["float_share"],
            converted=100 * figures["kmodel_share"],
            by=by,
        )
    ]


def _outputs(report: Document) -> list[tuple[str, list[Document]]]:
    """Returns (runtime, outputs as it computes them), the model's own first."""
    others = [(item["runtime"], item["outputs"]) for item in report["elsewhere"]]
    return [(report["runtime"], report["outputs"]), *others]


def agreed(agreement: Document | None) -> list[str]:
    """Returns the agreement in words."""
    if agreement is None:
        return []
    # Without any box, the share would be a division by 0.
    if not agreement["of"]:
        return [tr("boxes: neither network finds any in these pictures")]
    values = {"agree": agreement["agree"], "all": agreement["of"], "share": 100 * agreement["share"]}
    if agreement["kind"] == "yolo2":
        return [tr("boxes that both networks find: {agree} of {all} ({share:.1f} %)", **values)]
    return [tr("same best class as the float network: {agree} of {all} pictures ({share:.1f} %)", **values)]
