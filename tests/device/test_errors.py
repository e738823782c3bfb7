"""Every code has a text that fits the panel, and every error gets its code. Runs under both interpreters."""

from device.errors import DeviceError, describe, from_exception
from device.once.error_texts import codes
from tests.device.unit_helpers import raises

FIRMWARE = tuple(range(2001, 2016))
OURS = (101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 199)

# Code of the firmware -> the text it prints (MaixPy Maix_kpu.c).
TEXTS = (
    (2001, "ERR_PARAM: please check param, load address or kmodel file name"),
    (2002, "ERR_KMODEL_VERSION: only support kmodel V3/V4 now"),
    (2002, "ERR_KMODEL_VERSION: only support kmodel V3"),
    (2003, "ERR_KMODEL_FORMAT: layer_header.body_size <=0"),
    (2004, "ERR_DECRYPT: check smodel match with your board"),
    (2005, "ERR_READ_FILE: read file failed"),
    (2006, "ERR_NO_MEM: memory not enough"),
    (2007, "ERR_GET_CONV_LAYER: first layer should be conv layer"),
    (2008, "ERR_RUN_MODEL: maybe model dirty"),
    (2009, "ERR_MODELS_FULL: we only support load 5 models in the same time"),
    (2010, "ERR_PERMITION"),
    (2011, "SIPEED_KPU_ERR_IDX_OUTRANGE"),
    (2012, "SIPEED_KPU_ERR_SIZE_NOTMATCH"),
    (2013, "ERR_OUTPUTS_SET: need kpu.set_outputs() to set shape"),
    (2014, "ERR_NOT_IMPLEMENT"),
    (2015, "ERR_UNKNOWN"),
)


def code(error):
    return from_exception(error).code


def test_every_code_is_there_once():
    assert sorted(codes()) == sorted(FIRMWARE + OURS)


def test_texts_fit_the_smallest_panel():
    for number in codes():
        name, meaning, remedy = describe(number)
        assert name == name.upper().replace(" ", "")
        assert 10 < len(meaning) <= 60, (number, len(meaning))
        assert 20 < len(remedy) <= 120, (number, len(remedy))
        for text in (name, meaning, remedy):
            assert " " <= min(text) <= max(text) <= "~", number  # the panel's font has only these
        assert meaning[-1] + remedy[-1] == ".."


def test_the_causes_of_the_vendors_guide_are_in_the_remedies():
    for number, words in (
        (2006, ("minimum firmware", "shrink", "C SDK")),
        (2002, ("flash address", "nncase 0.1", "v4")),
        (2005, ("card", "file name")),
        (2009, ("off and on",)),
        (2013, ("set_outputs",)),
    ):
        for word in words:
            assert word in describe(number)[2], (number, word)


def test_an_unknown_code_is_a_key_error():
    for number in (0, 1, 2000, 2016, 10, 2):
        raises(KeyError, describe, number)


def test_a_device_error_carries_code_name_and_detail():
    error = DeviceError(2006, "face.kmodel")
    assert (error.code, error.name, error.detail) == (2006, "ERR_NO_MEM", "face.kmodel")
    assert str(error) == "2006 ERR_NO_MEM: face.kmodel"
    assert str(DeviceError(101)) == "101 CARD_MISSING: " + describe(101)[1]
    assert from_exception(error) is error


def test_load_errors_by_number():
    for number, text in TEXTS:
        for form in ("[MAIXPY]kpu: load error:%d, %s", "[MAIXPY]kpu: load_flash error:%d, %s"):
            error = from_exception(ValueError(form % (number, text)))
            assert error.code == number
            assert error.detail.startswith("load")


def test_run_errors_are_bare_texts():
    for number, text in TEXTS:
        assert code(OSError(text)) == number
        assert from_exception(OSError(text)).detail == text


def test_old_forms():
    assert code(ValueError("[MAIXPY]kpu: load error:6")) == 2006
    assert code(OSError("run error: 13")) == 2013
    assert code(OSError("run error: 2013")) == 2013
    assert code(ValueError("[MAIXPY]kpu: load error:77")) == 199
    assert code(ValueError("[MAIXPY]kpu: load error:")) == 199
    assert code(ValueError("error:999999")) == 199


def test_other_texts_of_the_firmware():
    for number, error in (
        (2001, ValueError("[MAIXPY]kpu: model_addr must > 0 ")),
        (2001, ValueError("[MAIXPY]kpu: model format don't match, only supply .kmodel ")),
        (2007, ValueError("[MAIXPY]kpu: first layer not conv layer!\r\n")),
        (107, ValueError("[MAIXPY]kpu: check img format err!\r\n")),
        (2012, ValueError("[MAIXPY]kpu: region_layer_init err!\r\n")),
        (2011, OSError("sipeed_kpu_get_output err")),
        (2013, OSError("sipeed_kpu_get_outputs_shape err")),
        (104, OSError("Reset Failed")),
        (105, RuntimeError("Sensor timeout!")),
        (105, RuntimeError("Sensor Timeout!!")),
        (104, RuntimeError("Not init!")),
        (104, TypeError("not found sensor")),
        (104, ValueError("Sensor control failed!")),
        (110, ValueError("not init")),
        (110, ValueError("type error")),
    ):
        assert code(error) == number, error


def test_canmv():
    for number, error in (
        (2005, ValueError("open file error, please check file path!")),
        (2005, ValueError("invalid path input")),
        (2005, ValueError("path error!")),
        (2005, OSError("Failed to read file")),
        (2006, MemoryError("model buffer memory allocation failed")),
        (2002, OSError("Failed to init model")),
        (2009, OSError("Failed to add kpu_model_buffer")),
        (2008, OSError("Model Buffer maybe dirty!")),
        (107, OSError("Image formart error, use pix_to_ai() method to convert for kpu")),
    ):
        assert code(error) == number, error


def test_memory_and_card():
    assert code(MemoryError("memory allocation failed, allocating 8193 bytes")) == 106
    assert code(MemoryError()) == 106
    assert code(MemoryError("Out of normal MicroPython Heap Memory! Please reduce the resolution of the image")) == 106
    for number, errno in ((101, 19), (108, 5), (2005, 2), (2006, 12), (108, 28)):
        assert code(OSError(errno)) == number


def test_a_module_that_cannot_be_read_is_the_card():
    assert code(ImportError("no module named 'device.once.model_json'")) == 108


def test_any_other_error_is_internal_and_keeps_its_type_and_text():
    error = from_exception(KeyError("pin"))
    assert error.code == 199
    assert error.detail.startswith("KeyError: ")
    assert from_exception(ZeroDivisionError()).detail == "ZeroDivisionError"
    assert code(OSError(1234)) == 199
    assert code(OSError("no such thing")) == 199
    assert code(OSError()) == 199
