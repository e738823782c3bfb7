"""Faces: names a box by the face in it. A stage behind a detector and a stage of five landmarks.

The five points turn the face upright, the network makes numbers of it, and the nearest learnt face names the box. The
numbers are packed and compared as kpu.face_encode and kpu.face_compare of MaixPy do it, and lie on the card.
"""

import uio

from device.once.faces import compare, encode
from device.once.hal_face import aligner
from device.once.learnt import learnt_read
from device.once.lesson import Names, Note, teach
from device.results import EXTRA

FIELDS = (
    ("accept", "a number, 0 to 100", 85),
    ("normalise", "true or false", True),
)
LABELS = "optional"
LEARNS = True
NAMES = True
PIXELS = ""  # the aligned face comes straight from the AI plane
SHAPE = EXTRA


class Faces(Note):
    """Results.extra of this kind: the landmarks' extra, and a note. points: that extra."""

    def __init__(self, points):
        Note.__init__(self)
        self.points = points

    def begin(self):
        self.points.begin()

    def draw(self, img, place):
        self.points.draw(img, place)
        Note.draw(self, img, place)

    def send(self, link):
        self.points.send(link)


def read_faces(path, count):
    """Return the packed faces in a file: as many rows, one after the other."""
    with uio.open(path, "rb") as file:
        data = file.read()
    size = len(data) // count if count else 0
    return [data[at * size : (at + 1) * size] for at in range(count)]


def write_faces(path, faces):
    """Write packed faces to a file, one after the other."""
    with uio.open(path, "wb") as file:
        for row in faces:
            file.write(row)


def stage(kpu, task, spec, results):
    """Return look(img, item), which names a box; a double press learns the face in the middle of the view."""
    align = aligner(results, spec.width, spec.height, True)
    results.extra = note = Faces(results.extra)
    forward = kpu.outputs(task, spec)
    elements = kpu.elements
    pack = kpu.encode or encode
    alike = kpu.compare or compare
    accept = spec.accept
    unit = spec.normalise
    folder = spec.path
    names, path = learnt_read(folder)
    spec.labels = known = Names(names, spec.labels)
    faces = read_faces(path, len(names)) if path else []
    if not names:
        note.say("Press twice to learn a face")

    def look(img, item):
        face = align(img)
        if face is None:
            return
        output = forward(face)[0]
        numbers = [output[i] for i in range(elements(output))]
        if unit:
            total = 0.0
            for value in numbers:
                total += value * value
            root = total**0.5 or 1.0
            numbers = [value / root for value in numbers]
        packed = pack(numbers)
        middle = results.width // 2
        centre = results.height // 2
        if results.learn and item.x <= middle < item.x + item.w and item.y <= centre < item.y + item.h:
            which = results.learn
            results.learn = False
            teach(known, note, folder, "faces", faces, packed, write_faces, which)
        best = -1
        score = accept
        for i in range(len(faces)):
            if len(faces[i]) == len(packed):
                value = alike(faces[i], packed)
                if value >= score:
                    score = value
                    best = i
        item.name(best, int(score * 10) if best >= 0 else item.score)

    return look
