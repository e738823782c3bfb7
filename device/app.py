"""App: the parts and how they are wired; App.run() is the loop, App.step() one turn of it.

A frame. App.load() chooses each callable once for the model and hands them all to frame_path():

    snapshot   hal.Camera           the camera's next picture
    prepare    once.hal_window      makes it the model's input; None when the camera's window already is
    run        KpuSlot.run          made by prepare() in device/kinds: runs the network, fills Results
    marks      Overlay.begin()      results and status bar, drawn onto the picture
    show       hal.Screen           the panel; Link puts its own in front when it is on

A press.

    interrupt  hal.Keys             notes time and level, and sets clock[DUE] to 0
    run()      App.watch()          the frame loop yields True: Keys.poll() passes the notes to the Buttons
    event      Machine.post()       such as NEXT: looks up the row of the state in fsm.TRANSITIONS
    actions    App.unload() ...     the methods that the row names, then the next state

When the keys are quiet, watch() posts LOAD.
"""

import gc
import sys

from device import forget, hal
from device.catalog import Selection
from device.errors import DeviceError, from_exception
from device.fsm import Machine
from device.hal import DUE
from device.kpu_slot import KpuSlot
from device.results import Results
from device.spec import say

CAMERA = (104, 105)  # faults that starting the camera again may cure
FRAMES = 0  # in App.clock: frames since the start
# App.clock[DUE]: the time in ms at which the frame loop next yields; a key interrupt sets it to 0
SECOND = 1000
KEEP_SECONDS = 5  # a model that runs this long is the one to start with next time
IDE_STOP = "Exception: IDE interrupt"  # the stop button of MaixPy IDE is a plain exception (omv/ide_dbg.c)


def frame_path(snapshot, prepare, run, marks, extra, show, clock, post):
    """Run frame after frame; yield after each one whether App.watch() must run. marks: see Overlay.begin().

    A generator keeps its variables between frames: a function of this size would take heap for them in every frame, and
    so would a closure of more than five variables and arguments.
    """
    paint, strip, bar, place = marks
    more = extra and extra.draw
    ticks = hal.ticks
    frames, due = FRAMES, DUE  # a global is looked up by name each time
    count = clock[frames]
    while True:
        try:
            image = snapshot()
            found = run(prepare(image) if prepare else image)
            if found:
                paint(image, found)
            if more:
                more(image, place)
            image.draw_rectangle(strip, 0, 1, 1)  # black; the text is white
            image.draw_string(bar[0], 0xFFFF)
            show(image)
            clock[frames] = count = count + 1
        except Exception as error:
            # Nothing is unloaded here: the row of FAIL does it, whatever the firmware raised.
            post("FAIL", error)
            clock[due] = 0  # this was the last turn: another generator has replaced this one
        yield ticks() >= clock[due]


class App:
    """The parts: machine, slot, results, catalog (list of ModelSpec), selected (index), fault (DeviceError or None).

    report(kind, a, b, c) is called with "state" old event new, "select" title index total, "load" title ms free,
    "unload" title error, "fault" code name detail, "camera" "ok" or "missing" detail, "choice" folder written, and
    "note" text; never in every frame.
    """

    advice = ""  # what to do when the firmware cannot see a card that is put in later

    def __init__(self, report, kpu, root):
        self.report = report or hal.nothing
        self.root = root
        self.slot = KpuSlot(kpu)
        self.selection = Selection(root, kpu.ANCHOR_PAIRS)
        self.results = Results()
        self.fault = self.overlay = self.screen = self.camera = self.keys = self.dog = self.link = None
        self.catalog = ()
        self.frame = hal.idle()
        self.clock = [0, 0]  # see FRAMES and DUE
        self.selected = self.mark = self.begun = self.due = self.seconds = self.fps = self.hold = 0

        self.machine = Machine(self, "NO_CARD", lambda old, event, new: self.report("state", old, event, new))

    frames = property(lambda self: self.clock[FRAMES])

    def run(self):
        """Do turn after turn until STOPPED."""
        # Not step(): a call and two attributes in every frame would cost a seventh of what the app takes for it.
        going = True
        while going:
            for due in self.frame:
                if due:
                    break
            going = self.watch()

    def step(self):
        """Do one frame, one load or one idle poll, for a caller with a loop of its own; return False once STOPPED."""
        # A `try` here would take heap in every frame, and next() would be looked up among our globals first.
        return self.watch() if self.frame.__next__() else True

    def watch(self):
        """Poll the keys, load when they are quiet, and do the rest once a second; return False once STOPPED."""
        machine = self.machine
        if machine.state == "STOPPED":
            return False
        try:
            now = hal.ticks()
            passed = now >= self.due
            if passed:
                self.due = now + SECOND
            self.clock[DUE] = self.due  # an edge from here on sets it to 0 again
            busy = self.keys.poll(now, machine.post)
            # During a press the keys are polled after every frame, and so is a key without an interrupt.
            if busy or self.keys.polled:
                self.clock[DUE] = 0
            # A load blocks for seconds: it waits until nobody uses the keys and the notes have been read.
            if not busy and machine.state == "UNLOADED" and now >= self.hold:
                machine.post("LOAD")
            elif passed:
                self.seconds += 1
                if self.dog:
                    self.dog.feed()
                if self.slot.loaded:
                    self.count(now)
                if self.link:
                    self.link.beat()
                # look() reads the card over SPI, which takes time from the frames: every other second is enough.
                if self.seconds & 1:
                    self.look(busy)
        except Exception as error:  # such as a full heap: the keys must keep working
            machine.post("FAIL", error)
        return machine.state != "STOPPED"

    def count(self, now):
        """Count the frames of the past second; after five seconds remember the model."""
        # Whole numbers only: every float is an object, and this runs while a model does.
        frames = self.frames - self.mark
        passed = now - self.begun or 1
        self.mark += frames
        self.begun = now
        fps = (frames * 1000 + passed // 2) // passed
        if fps != self.fps:
            self.fps = fps
            self.overlay.status(fps)
        # Equal, not "at least": a write blocks the frames, so it happens only once while a model runs.
        if self.seconds == KEEP_SECONDS:
            folder = self.slot.loaded.folder
            written = self.selection.remember(folder)
            if written is not None:
                self.report("choice", folder, written)

    def look(self, busy):
        """Check whether the card was put in or pulled, and whether a failed camera answers. busy: a key is in use."""
        post = self.machine.post
        state = self.machine.state
        card = hal.present(self.root + "/models/x/x")
        if card and state == "EMPTY":  # the firmware remembers the root folder of a card that is gone
            card = hal.remount(self.root)
        if card:
            if state == "NO_CARD":
                if not self.carded:  # the settings on this card have not been read
                    try:
                        from device.once.setup import fit_out

                        fit_out(self, True)
                    finally:
                        forget()
                post("CARD_IN")
            elif state == "EMPTY" and not self.carded:
                post("CARD_OUT")  # fit_out failed: do it again, or the keys stay dead
            elif (
                state == "FAULT"
                and self.fault.code in CAMERA
                and not busy
                and hal.ticks() >= self.camera.again
                and self.revive()
            ):
                post("SELECT", self.selected)
        elif state == "NO_CARD":
            hal.remount()
        else:
            post("CARD_OUT")

    # The actions of the state machine, each called with the event's argument; `unload` and `close` are among them.

    def remount(self, _):
        """Look for a card that does not answer."""
        hal.remount()

    def read_card(self, _):
        """Read the folders of the card; the selection stays, at first it is the remembered model."""
        self.calm()  # this may take seconds
        self.catalog = self.selection.read()
        if self.catalog:
            self.select(self.selection.selected)
        else:
            self.machine.post("NO_MODELS")

    def select(self, at):
        """Select a model by its index, wrapping around, and show its title at once; without models read the card."""
        if not self.catalog:  # FAULT after the card could not be read
            return self.read_card(None)
        spec = self.selection.choose(at)
        self.selected = self.selection.selected
        self.report("select", spec.title, self.selected, len(self.catalog))
        if hal.ticks() >= self.hold:
            self.overlay.loading(spec, self.selection.position)

    def select_next(self, _):
        self.select(self.selected + 1)

    def select_previous(self, _):
        self.select(self.selected - 1)

    def load(self, _):
        """Load the selected model and bind the path of its frames."""
        spec = self.selection.spec
        position = self.selection.position
        if self.hold:  # notes were shown instead of the title
            self.hold = 0
            self.overlay.loading(spec, position)

        # Some mistakes in the folder forbid the load. With others the firmware tries first: only it knows whether the
        # file is too large, or of a version that it cannot read.
        doubts = "\n".join([say(problem) for problem in spec.problems])
        code = spec.refused if spec.loadable else 103
        if doubts and code:
            raise DeviceError(code, doubts)

        # Nobody can feed the watchdog while the firmware looks for a camera or reads the file.
        self.calm()
        # The camera comes before the model: sensor.c takes its buffers from the system heap, as models do.
        # With the model as the topmost block, deinit gives all of its memory back, and the next one finds one block.
        try:
            from device.once.stages import maker

            shape, make, width, height, prepare = maker(spec, self.camera)
        except ImportError:  # the card was pulled just now, and the app with it
            raise DeviceError(2005, "no device/kinds/" + spec.kind)
        self.results.reset(shape, width, height, spec.width, spec.height)
        # This may fail for lack of heap, so it comes before the model, while there is nothing to undo.
        marks = self.overlay.begin(spec, self.results, position, (width, height))
        begun = hal.ticks()
        try:
            self.slot.load(spec, self.results, make)
            if doubts:  # the firmware accepted it, but the results would get wrong labels or places
                raise DeviceError(103, doubts)
            snapshot, run, show = self.camera.snapshot, self.slot.run, self.screen.show
            extra = self.results.extra
            self.frame = frame_path(snapshot, prepare, run, marks, extra, show, self.clock, self.machine.post)
        except Exception as error:
            self.slot.unload()
            code = from_exception(error).code
            if doubts and code > 2000:  # the firmware's code, with our doubts about the file as its detail
                raise DeviceError(code, doubts)
            raise

        if spec.learns:
            self.keys.double("LEARN")
        # Count the frames of this model from here.
        self.fault = None
        self.begun = now = hal.ticks()
        self.mark = self.frames
        self.seconds = self.fps = 0
        self.due = now + SECOND
        self.report("load", spec.title, now - begun, hal.heap_free())

    def learn(self, what):
        """Let the model learn from its next frame what it sees. what: None, or a value of Results.learn."""
        self.results.learn = what or True

    def unload(self, _):
        """Release the running model; this never raises."""
        self.rest()
        self.keys.double(None)
        # The link's line has ended and no frame is running: only now may the pictures and the model be released.
        title = self.slot.loaded.title
        error = self.slot.unload()
        self.report("unload", title, error and str(error))

    def show_fault(self, error):
        """Show what went wrong and what to do; print an unexpected error on the UART too, with its traceback."""
        self.rest()
        self.slot.unload()  # a load may have failed after the model was in
        self.fault = fault = from_exception(error)
        if fault.code == 199:
            # The IDE wants the REPL back: the app ends, because a fault would not stop it.
            if fault.detail == IDE_STOP:
                return self.stop()
            if hasattr(sys, "print_exception"):  # absent on a PC
                sys.print_exception(error)
        if fault.code in CAMERA:
            # The next load starts the camera again instead of waiting 300 ms for each frame (sensor.c).
            self.camera.ready = False
        self.report("fault", fault.code, fault.name, fault.detail)
        self.warn(fault, self.selection.spec)

    def show_no_card(self, _):
        self.warn(DeviceError(101, self.advice))

    def show_empty(self, _):
        self.warn(DeviceError(102))

    def warn(self, fault, spec=None):
        """Show a fault at once, even if notes would have stayed on the screen for a while."""
        self.hold = 0
        self.overlay.fault(fault, spec)

    # The beginning and the end.

    def rest(self):
        """Show no more frames. A message that the link has begun ends first, so that prints do not split it."""
        self.frame = hal.idle()
        if self.link:
            self.link.settle()

    def calm(self):
        """Disarm the watchdog; the next second arms it again."""
        if self.dog:
            self.dog.stop()

    def revive(self):
        """Start the camera; return whether it is there."""
        detail = None
        self.calm()  # without a camera the firmware takes seconds to report it
        try:
            self.camera.start()
        except Exception as error:
            detail = str(error) or "no memory"  # the heap was too full for a text
            # A missing camera does not end the app, but the stop button does.
            if detail == IDE_STOP[11:]:
                raise
        self.report("camera", "missing" if detail else "ok", detail)
        return not detail

    def stop(self):
        """End: release everything; step() returns False from now on."""
        if self.machine.state != "STOPPED":
            self.machine.post("STOP")

    def close(self, error=None):
        """Release model, interrupts and watchdog, and leave a message; `error` is what ended the app, or None."""
        # Key interrupts and the watchdog outlive a soft reboot, and then call into a heap that is gone. So a second
        # Ctrl-C in the middle of this must not leave it half done: every part may run twice.
        for _ in (1, 2):
            try:
                self.rest()
                self.slot.unload()
                self.disarm()
                break
            except (Exception, KeyboardInterrupt, SystemExit):  # tools send Ctrl-C twice
                pass
        if self.overlay:
            self.overlay.stopped(error)

    def disarm(self):
        """Stop what would go on without the app: the watchdog, the interrupts of the keys, and the link's port."""
        self.calm()
        if self.keys:
            self.keys.close()
        if self.link:
            self.link.close()


def build(report=None, kpu=None, root="/sd"):
    """Return a started App on this board. kpu: an adapter, else the firmware's. root: the folder of the card."""
    # The garbage of the imports goes before the lasting objects are created: this doubles the largest free block.
    forget()
    from device.once import setup

    gc.collect()
    app = App(report, kpu or setup.open_kpu(), root)
    try:
        setup.start(app)
        forget()
    except BaseException as error:
        app.close(error)
        raise
    return app


def main():
    """Run until Ctrl-C or a crash, then release everything; the exception goes on to the UART."""
    app = build(lambda *row: print("[maixswitch]", *row))
    try:
        app.run()
    except BaseException as error:
        app.close(error)
        raise
