"""Life and memory of the fake KPU's tasks."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest

import bench
import flavours
import KPU
import sensor
from benchlib.headers import read
from benchlib.models import kmodel_v3, kmodel_v4
from tests.stubs.stub_helpers import ANCHORS, power_on, yolo


@pytest.fixture(autouse=True)
def board() -> None:
    """A fresh board for every test."""
    power_on()


def test_need_of_a_model() -> None:
    """File, alignment, context and main memory are taken from the system heap, and freed."""
    free = bench.memory.free()
    task = KPU.load("/sd/face.kmodel")
    taken = free - bench.memory.free()
    need = flavours.need_bytes(3, 388776, 45000)
    assert need <= taken <= need + 3 * 16
    assert [name for name, _ in bench.memory.items()][-3:] == ["model file", "model context", "main memory"]
    KPU.deinit(task)
    assert bench.memory.free() == free


def test_five_slots() -> None:
    """A sixth model gives 2009, whatever its size; a released slot can be used again."""
    tasks = [KPU.load("/sd/conv.kmodel") for _ in range(5)]
    with pytest.raises(ValueError, match="load error:2009, ERR_MODELS_FULL"):
        KPU.load("/sd/conv.kmodel")
    KPU.deinit(tasks[2])
    tasks.append(KPU.load("/sd/conv.kmodel"))
    assert len(bench.kpu.live) == 5


def test_suffix_anywhere() -> None:
    """The path must contain the suffix, not end with it."""
    assert KPU.load("/sd/a.kmodel.bak").model_path() == "/sd/a.kmodel.bak"


def test_no_memory_by_flavour() -> None:
    """A model that fits the lean build does not fit the full one; a failed load leaves nothing and logs."""
    big = bench.MemoryCard({"big.kmodel": kmodel_v3(size=2900000)})
    bench.card.insert(big)
    KPU.deinit(KPU.load("/sd/big.kmodel"))
    bench.reset("full")
    bench.card.insert(big)
    with pytest.raises(ValueError, match="load error:2006, ERR_NO_MEM"):
        KPU.load("/sd/big.kmodel")
    assert bench.memory.items() == []
    assert "SYSCALL: Out of memory" in bench.uart
    assert bench.kpu.ledger == [("load_failed", 2006, "/sd/big.kmodel")]


def test_v4_needs_a_build_that_knows_it() -> None:
    """A v3-only build answers 2002 for v4, and takes v3."""
    bench.reset("minimum")
    bench.card.insert(bench.MemoryCard({"v4.kmodel": kmodel_v4(), "v3.kmodel": kmodel_v3()}))
    with pytest.raises(ValueError, match=r"load error:2002, ERR_KMODEL_VERSION: only support kmodel V3$"):
        KPU.load("/sd/v4.kmodel")
    KPU.load("/sd/v3.kmodel")


def test_fragments_count() -> None:
    """A new camera size under a loaded model leaves a hole: a model of the size of all free bytes does not fit."""
    task = KPU.load("/sd/soft.kmodel")
    sensor.set_framesize(sensor.VGA)
    KPU.deinit(task)
    need = flavours.need_bytes(3, 1700000, 45000)
    assert bench.memory.free() > need > bench.memory.largest()
    assert bench.memory.above_break() < bench.memory.free()
    bench.card.insert(bench.MemoryCard({"big.kmodel": kmodel_v3(size=1700000)}))
    with pytest.raises(ValueError, match="load error:2006"):
        KPU.load("/sd/big.kmodel")


def test_load_takes_the_cards_time() -> None:
    """Loading blocks for bytes over bandwidth; keys pressed meanwhile arrive when it returns, at most eight."""
    from fpioa_manager import fm
    from Maix import GPIO

    fm.register(16, fm.fpioa.GPIOHS0)
    pin = GPIO(GPIO.GPIOHS0, GPIO.IN, GPIO.PULL_UP)
    heard: list[int] = []
    pin.irq(lambda gpio: heard.append(bench.clock.now), GPIO.IRQ_FALLING)
    for nth in range(10):
        bench.keys.press(16, hold=5, after=10 + 20 * nth)
    before = bench.clock.now
    KPU.load("/sd/face.kmodel")
    assert bench.clock.now - before == 388
    assert heard == [bench.clock.now] * 8
    assert bench.scheduler.dropped == 2


def test_card_pulled_while_loading() -> None:
    """Whichever file operation meets the pulled card, the load gives 2005, keeps nothing and raises no OSError."""
    free = bench.memory.free()
    for nth in (1, 2, 3):
        bench.card.insert()
        bench.card.pull_at(nth)
        with pytest.raises(ValueError, match="load error:2005, ERR_READ_FILE"):
            KPU.load("/sd/face.kmodel")
        assert bench.memory.free() == free
        assert bench.kpu.live == []


def test_deinit_is_idempotent() -> None:
    """Both calls return True; the arguments of yolo are freed with the model."""
    free = bench.memory.free()
    task = yolo(KPU.load("/sd/face.kmodel"))
    assert task.net_arg().anchor_number() == 5
    assert KPU.deinit(task) is True
    assert KPU.deinit(task) is True
    assert task.net_arg() is None
    assert bench.memory.free() == free
    assert bench.kpu.ledger == [("load", 1, "/sd/face.kmodel"), ("deinit", 1)]


def test_second_init_yolo2_leaks() -> None:
    """The first anchors are never freed."""
    free = bench.memory.free()
    task = yolo(yolo(KPU.load("/sd/face.kmodel")))
    KPU.deinit(task)
    assert bench.memory.free() == free - 64
    assert [name for name, _ in bench.kpu.leaked] == ["yolo arguments"]


def test_dropped_task_lives_until_a_collection() -> None:
    """Without deinit the memory stays in use until a collection runs the finaliser, which prints."""
    free = bench.memory.free()
    task = KPU.load("/sd/face.kmodel")
    assert bench.memory.free() < free
    del task
    assert bench.memory.free() < free
    assert bench.kpu.live == [1]
    with pytest.raises(AssertionError, match=r"task 1 \(/sd/face.kmodel\)"):
        bench.kpu.check()
    assert "kpu_net __del__" not in bench.uart
    gc.collect()
    assert bench.memory.free() == free
    assert "kpu_net __del__" in bench.uart
    assert bench.kpu.ledger[-1] == ("finalised", 1)
    bench.kpu.check()


def test_finaliser_prints_after_deinit_too() -> None:
    """The line may come at any time."""
    task = KPU.load("/sd/face.kmodel")
    KPU.deinit(task)
    del task
    gc.collect()
    assert bench.uart.lines.count("kpu_net __del__") == 1
    assert ("finalised", 1) not in bench.kpu.ledger


def test_a_task_from_before_a_reset_owns_nothing() -> None:
    """A new board starts clean, whatever the old one left."""
    task = KPU.load("/sd/face.kmodel")
    bench.reset()
    free = bench.memory.free()
    KPU.deinit(task)
    del task
    gc.collect()
    assert bench.memory.free() == free
    assert len(bench.uart) == 0


def test_printing_a_task() -> None:
    """The form that the firmware prints."""
    task = KPU.load("/sd/face.kmodel")
    assert str(task) == (
        '{"model_addr": 0, "model_size": 388776, "model_path": "/sd/face.kmodel", "net_args": "(null)"}'
    )
    yolo(task)
    assert '"net_args": {"threshold":0.500000, "nms_value":0.300000, "anchor_number":5, "anchor":"(1.889' in str(task)
    assert task.net_arg().anchor() == ANCHORS


def test_real_headers(kmodels: Path) -> None:
    """Every public file gets the verdict that the firmware gives, and the shapes of its index."""
    for row in json.loads((kmodels / "index.json").read_text()):
        data = (kmodels / row["file"]).read_bytes()
        bench.reset()
        bench.card.insert(bench.MemoryCard({row["file"]: data}))
        if row["version"] in (3, 4) and "wordswapped" not in row["file"]:
            header = read(data)
            assert header.main_mem == row["main_mem"]
            assert header.layers == row["layers"]
            if header.input_shape:
                assert list(header.input_shape) == row["inputs"][0][1:]
            KPU.deinit(KPU.load("/sd/" + row["file"]))
        elif row["version"] in (5, 6):
            with pytest.raises(bench.HardFault, match=f"kmodel v{row['version']}"):
                KPU.load("/sd/" + row["file"])
            continue
        else:
            with pytest.raises(ValueError, match=r"load error:20(02|15)"):
                KPU.load("/sd/" + row["file"])
        assert bench.memory.items() == []


def test_load_from_flash() -> None:
    """An int is a flash address; load_flash takes the word-swapped form only."""
    plain = kmodel_v3(grid=(7, 7, 30))
    assert isinstance(plain, bytes)
    swapped = b"".join(plain[i : i + 4][::-1] for i in range(0, len(plain), 4))
    bench.kpu.flash = {0x300000: plain, 0x400000: swapped}
    task = KPU.load(0x300000)
    assert (task.model_addr(), task.model_path(), task.model_size()) == (0x300000, None, len(plain))
    with pytest.raises(ValueError, match="load error:2002"):
        KPU.load(0x400000)
    with pytest.raises(ValueError, match="load_flash error:2002"):
        KPU.load_flash(0x300000, 0, 0, 80000000)
    inplace = KPU.load_flash(0x400000, 0, 0, 80000000)
    assert "SPI freq 80000000 Hz" in bench.uart
    assert KPU.netinfo(inplace)[0].wo() == 7
    KPU.deinit(task)
    KPU.deinit(inplace)
    assert [name for name, _ in bench.memory.items()] == ["camera pixels", "camera planes"]


def test_netinfo() -> None:
    """One row per layer."""
    rows = KPU.netinfo(KPU.load("/sd/face.kmodel"))
    assert [(r.index(), r.type(), r.wi(), r.hi(), r.wo(), r.ho(), r.chi(), r.cho()) for r in rows] == [
        (0, 10240, 320, 240, 20, 15, 3, 30),
        (1, 12, 0, 0, 0, 0, 0, 0),
    ]
    assert str(rows[0]).startswith('{"index":0, "type":KL_K210_CONV, "wi":320')
