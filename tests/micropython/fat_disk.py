"""A card of sectors for MicroPython's own FatFs: every write of a sector is counted, and the power can fail after any.

Formatting and the search for damage are written here from the description of FAT32, apart from FatFs.
"""

import struct

SECTOR = 512
RESERVED = 32
CLUSTERS = 65600  # FAT32 begins at 65,525
FAT = (CLUSTERS + 2 + 127) // 128  # sectors of one table
DATA = RESERVED + 2 * FAT
END = 0x0FFFFFF8
BLANK = bytes(SECTOR)
# What an unwritten cluster holds: names of files that were there before, should one be read too early.
STALE = (b"STALE   TXT\x20" + bytes(14) + b"\x8c\x00\x64\x00\x00\x00") * 16


class Cut(BaseException):
    """The power failed: nothing that runs on the board may catch it."""


class Disk:
    """A block device over another one, or over an empty card; `log`: (sector, bytes) of each write, in order.

    life: sectors that can be written before the power fails, None for any number.
    """

    def __init__(self, under=None, life=None):
        self.under = under
        self.over = {}
        self.log = []
        self.life = life

    def sector(self, number):
        disk = self
        while disk:
            data = disk.over.get(number)
            if data is not None:
                return data
            disk = disk.under
        return STALE if number >= DATA else BLANK

    def readblocks(self, number, buffer, offset=0):
        for at in range(0, len(buffer), SECTOR):
            buffer[at : at + SECTOR] = self.sector(number + at // SECTOR)

    def writeblocks(self, number, buffer, offset=0):
        if self.life is not None and self.life < 0:
            return  # a file that is closed after the end
        for at in range(0, len(buffer), SECTOR):
            if self.life is not None and len(self.log) == self.life:
                self.life = -1
                raise Cut()
            data = bytes(buffer[at : at + SECTOR])
            self.over[number + at // SECTOR] = data
            self.log.append((number + at // SECTOR, data))

    def ioctl(self, request, _argument):
        if request == 4:
            return DATA + CLUSTERS * self.per_cluster()
        if request == 5:
            return SECTOR

    def per_cluster(self):
        return self.sector(0)[13]

    def at(self, count, life=None):
        """Return the card as it was after so many of this one's writes."""
        past = Disk(self.under)
        for number, data in self.log[:count]:
            past.over[number] = data
        return Disk(past, life)


def formatted(per_cluster, first):
    """Return an empty FAT32 card; per_cluster: sectors; first: the cluster after which free ones are looked for."""
    disk = Disk()
    boot = bytearray(SECTOR)
    boot[0:11] = b"\xeb\x58\x90MSWIN4.1"
    total = DATA + CLUSTERS * per_cluster
    struct.pack_into("<HBHBHHBHHHII", boot, 11, SECTOR, per_cluster, RESERVED, 2, 0, 0, 0xF8, 0, 63, 255, 0, total)
    struct.pack_into("<IHHIHH", boot, 36, FAT, 0, 0, 2, 1, 6)
    boot[64:67] = b"\x80\x00\x29"
    boot[71:90] = b"NO NAME    FAT32   "
    boot[510:512] = b"\x55\xaa"
    disk.over[0] = bytes(boot)
    info = bytearray(SECTOR)
    info[0:4] = b"RRaA"
    info[484:488] = b"rrAa"
    struct.pack_into("<II", info, 488, CLUSTERS - 1, first)
    info[510:512] = b"\x55\xaa"
    disk.over[1] = bytes(info)
    table = bytearray(SECTOR)
    struct.pack_into("<III", table, 0, END, 0x0FFFFFFF, END)
    disk.over[RESERVED] = disk.over[RESERVED + FAT] = bytes(table)
    for number in range(per_cluster):
        disk.over[DATA + number] = BLANK
    return Disk(disk)


def following(disk, cluster):
    """Return what the first table says of a cluster: the next one, 0 for a free one, END or more for the last."""
    table = disk.sector(RESERVED + cluster // 128)
    return struct.unpack_from("<I", table, cluster % 128 * 4)[0] & 0x0FFFFFFF


def entries(disk, chain):
    """Yield (short name, is a folder, first cluster, bytes) of the folder in these clusters."""
    per_cluster = disk.per_cluster()
    for cluster in chain:
        for number in range(per_cluster):
            sector = disk.sector(DATA + (cluster - 2) * per_cluster + number)
            for at in range(0, SECTOR, 32):
                if not sector[at]:
                    return
                kind = sector[at + 11]
                if sector[at] != 0xE5 and sector[at] != 0x2E and kind & 0x3F != 0x0F and not kind & 8:
                    high, low, size = struct.unpack_from("<HxxxxHI", sector, at + 20)
                    yield sector[at : at + 11].decode(), bool(kind & 16), high << 16 | low, size


def damage(disk):
    """Return a line for each chain that is not right, and the number of lost clusters: taken, and no file's."""
    faults = []
    owner = {}
    folders = [("", 2, 0, True)]
    while folders:
        path, cluster, size, is_folder = folders.pop()
        chain = []
        while 2 <= cluster < CLUSTERS + 2:
            if cluster in owner:
                faults.append("%s and %s share cluster %d" % (path, owner[cluster], cluster))
                break
            owner[cluster] = path
            chain.append(cluster)
            cluster = following(disk, cluster)
        if chain and cluster < END:
            faults.append("%s leads to cluster %d" % (path, cluster))
        if is_folder:
            for name, below, first, length in entries(disk, chain):
                folders.append((path + "/" + name, first, length, below))
        elif len(chain) * disk.per_cluster() * SECTOR < size:
            faults.append("%s has %d bytes in %d clusters" % (path, size, len(chain)))
    taken = 0
    for number in range(FAT):
        table = disk.sector(RESERVED + number)
        if table is not BLANK:
            taken += 128 - sum([table[at : at + 4] == b"\0\0\0\0" for at in range(0, SECTOR, 4)])
    return faults, taken - 2 - len(owner)
