# Sound, Wi-Fi, sockets, threads and matrices.
import _thread
import audio
import network
import socket
import time
import ulab as np
import usocket
import video

from fpioa_manager import fm
from machine import UART
from Maix import FFT, I2S

microphone = I2S(I2S.DEVICE_0)
microphone.channel_config(I2S.CHANNEL_0, I2S.RECEIVER, align_mode=I2S.STANDARD_MODE)
microphone.set_sample_rate(38640)
sound = microphone.record(1024)
spectrum = FFT.amplitude(FFT.run(sound.to_bytes(), 512))
print(max(spectrum), FFT.freq(512, 38640)[3])

speaker = I2S(I2S.DEVICE_2)
player = audio.Audio(path="/sd/6.wav")
player.volume(40)
head = player.play_process(speaker)
while player.play():
    pass
player.finish()

film = video.open("/sd/capture.avi", record=True, interval=200000, quality=50)
film.volume(50)
film.record_finish()

wifi = network.ESP32_SPI(cs=fm.fpioa.GPIOHS10, rst=fm.fpioa.GPIOHS11, rdy=fm.fpioa.GPIOHS12, spi=1)
wifi.connect("name", "key")
print(wifi.isconnected(), wifi.ifconfig(), wifi.ping("example.org"))
nic = network.ESP8285(UART(UART.UART1, 115200))
nic.connect(ssid="name", key="key")
address = socket.getaddrinfo("example.org", 80)[0][-1]
client = usocket.socket()
client.settimeout(5)
client.connect(address)
client.send(b"GET / HTTP/1.0\r\n\r\n")
print(client.recv(100))
client.close()

lock = _thread.allocate_lock()


def work(name):
    with lock:
        print(name, _thread.get_ident())
    time.sleep_ms(10)


_thread.start_new_thread(work, ("second",))
values = np.array([[1, 2], [3, 4]], dtype=np.float)
print(np.mean(values), np.dot(values, np.inv(values)), (values * 2 + 1).shape())
