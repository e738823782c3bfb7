"""Error codes of the KPU library and their texts (MaixPy Maix_kpu.c, get_kpu_err_str)."""

import bench
import flavours

TEXTS = {
    0: "ERR_NONE",
    2001: "ERR_PARAM: please check param, load address or kmodel file name",
    2003: "ERR_KMODEL_FORMAT: layer_header.body_size <=0",
    2004: "ERR_DECRYPT: check smodel match with your board",
    2005: "ERR_READ_FILE: read file failed",
    2006: "ERR_NO_MEM: memory not enough",
    2007: "ERR_GET_CONV_LAYER: first layer should be conv layer",
    2008: "ERR_RUN_MODEL: maybe model dirty",
    2009: "ERR_MODELS_FULL: we only support load 5 models in the same time",
    2010: "ERR_PERMITION",
    2011: "SIPEED_KPU_ERR_IDX_OUTRANGE",
    2012: "SIPEED_KPU_ERR_SIZE_NOTMATCH",
    2013: "ERR_OUTPUTS_SET: need kpu.set_outputs() to set shape",
    2014: "ERR_NOT_IMPLEMENT",
    2015: "ERR_UNKNOWN",
}


def text(code: int) -> str:
    """Return the firmware's text for a code, that of ERR_UNKNOWN for an unknown one."""
    if code == 2002:
        if bench.flavour[flavours.V4]:
            return "ERR_KMODEL_VERSION: only support kmodel V3/V4 now"
        return "ERR_KMODEL_VERSION: only support kmodel V3"
    return TEXTS.get(code, TEXTS[2015])
