"""The exponential and the sigmoid in whole numbers: floats would be an object each."""


def exp(number):
    """Return e**(-number) in 1/2**30 for number >= 0 in 1/65536; relative error below 0.0002."""
    number = number * 94548 >> 16  # log2(e)
    whole = number >> 16
    if whole > 30:
        return 0
    part = number & 0xFFFF  # 2**-part, by a cubic through both ends
    return (65536 - (part * (45313 - (part * (15110 - (part * 2565 >> 16)) >> 16)) >> 16)) << 14 >> whole


def sigmoid(number):
    """Return 1 / (1 + e**(-number)) in 1/65536 for a number in 1/65536; the error is below 4 / 65536."""
    part = exp(-number if number < 0 else number)
    low = (part << 16) // ((1 << 30) + part)
    return low if number < 0 else 65536 - low
