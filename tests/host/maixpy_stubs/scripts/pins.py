# Keys, LEDs, serial ports, buses and timers.
import time
import utime

from board import board_info
from fpioa_manager import fm
from machine import I2C, PWM, SPI, UART, WDT, Timer
from Maix import FPIOA, GPIO, freq, utils
from micropython import const

BLINKS = const(10)

fm.register(board_info.LED_R, fm.fpioa.GPIO0, force=True)
fm.register(16, fm.fpioa.GPIOHS0)
led = GPIO(GPIO.GPIO0, GPIO.OUT)
key = GPIO(GPIO.GPIOHS0, GPIO.IN, GPIO.PULL_UP)
led.value(1)


def pressed(pin):
    utime.sleep_ms(10)
    led.value(1 - pin.value())


key.irq(pressed, GPIO.IRQ_BOTH, GPIO.WAKEUP_NOT_SUPPORT, 7)
key.disirq()
print(FPIOA().get_Pin_num(FPIOA.GPIOHS0), freq.get_cpu(), utils.heap_free())

fm.register(9, fm.fpioa.UART1_TX)
fm.register(10, fm.fpioa.UART1_RX)
uart = UART(UART.UART1, 115200, 8, 0, 0, timeout=1000, read_buf_len=4096)
uart.write("hello\r\n")
uart.write(bytes([0x2C, 0x12]))
data = uart.read(10)
if data:
    print(data.decode("utf-8"), uart.any())
uart.deinit()

bus = I2C(I2C.I2C0, freq=100000, scl=28, sda=29)
for address in bus.scan():
    bus.writeto(address, b"\x00")
    print(address, bus.readfrom(address, 4), bus.readfrom_mem(address, 0x34, 1, mem_size=8)[0])
bus.writeto_mem(0x34, 0x12, 0x4D)

spi = SPI(SPI.SPI1, mode=SPI.MODE_MASTER, baudrate=10000000, polarity=0, phase=0, bits=8, firstbit=SPI.MSB, sck=28)
spi.write(b"abc", cs=SPI.CS0)
answer = bytearray(3)
spi.write_readinto(b"abc", answer)


def tick(timer):
    print(timer.callback_arg())


timer = Timer(Timer.TIMER0, Timer.CHANNEL0, mode=Timer.MODE_PERIODIC, period=1, unit=Timer.UNIT_S, callback=tick, arg=3)
pwm = PWM(Timer(Timer.TIMER1, Timer.CHANNEL0, mode=Timer.MODE_PWM), freq=500000, duty=50, pin=board_info.LED_G)
pwm.duty(25)
watchdog = WDT(id=1, timeout=4000, callback=lambda dog: dog.feed(), context={})
for _ in range(BLINKS):
    time.sleep(0.5)
    watchdog.feed()
timer.stop()
