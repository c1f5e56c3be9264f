"""Build all parts, start them, stop them in reverse order: the only file that knows all parts."""

from __future__ import annotations

import gc
import logging
import logging.handlers
import secrets
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

# Only the imports for starting the player process; Daemon._build imports the rest while the player opens its device.
from controller.sound import mandarin, output_choice
from controller.sound.speaker import Event, Speaker
from controller.system import heaps, log_file, network, process
from controller.system.network import Certificate, listen, reachable_address
from controller.system.paths import Home, memory_folder, version
from controller.system.process import InstanceLock, ShutdownSignal, Watchdog

if TYPE_CHECKING:
    from flask import Flask

    from controller.sales.store import Store


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `zhangu run`. `start`: a rehearsal's moment, in the office's zone.
    `voice_install`: download the natural voice when it is missing; never in a rehearsal.
    `name`: announced on the network as NAME.local, "" for none.
    `rehearsal`: every page shows that nothing entered here is kept."""

    home: Home
    host: str = "0.0.0.0"  # noqa: S104 - walls and phones are other machines
    port: int = 8080
    start: datetime | None = None
    rehearsal: bool = False
    tls_port: int | None = None
    hosts: frozenset[str] = frozenset()
    voice_install: bool = True
    name: str = ""


class Closable(Protocol):
    """A part that is closed at the end."""

    def close(self) -> None:
        """End it."""


Part = TypeVar("Part", bound=Closable)


class Daemon:
    """The running office; raises AlreadyRunning, TimetableInvalid, CannotListen or StoreTrouble."""

    def __init__(self, options: Options):
        home = options.home
        self._stack = ExitStack()
        try:
            self._options = options
            self._instance_lock = self._stack.enter_context(InstanceLock(home.running))
            self._listener = listen(options.host, options.port)
            self._stack.callback(self._listener.close)
            choice = output_choice.read(home.var / "output.json")
            self.speaker = Speaker(self._on_speaker, output=choice.key if choice else None)
            self._stack.callback(
                self.speaker.close
            )  # for a failed build; normally the speaker is closed earlier
            self.speaker.launch()
            self._tls = self._secured(options)
            self._build(home)
        except BaseException:
            self._stack.close()
            raise

    @property
    def host(self) -> str:
        """The address to listen on, as given in the options."""
        return self._options.host

    @property
    def secured(self) -> Certificate | None:
        """The HTTPS certificate, if HTTPS is served."""
        return self._tls[1] if self._tls else None

    def _secured(self, options: Options) -> tuple[socket.socket, Certificate] | None:
        """Open the HTTPS port and return it with its certificate; None without `tls_port`."""
        if options.tls_port is None:
            return None
        from controller.system.network import lan_address

        certificate = network.ensure(options.home.var / "tls", lan_address())
        listener = listen(options.host, options.tls_port, "--tls-port")
        self._stack.callback(listener.close)
        return listener, certificate

    def _build(self, home: Home) -> None:
        self._token = secrets.token_urlsafe(24)
        self._build_store(home)
        self._build_sound(home)
        self._build_office(home)
        self._build_timekeeper()
        self._build_links()
        self._build_cities()

    def _closed_at_end(self, part: Part) -> Part:
        """Close a part when the daemon stops: those built last are closed first."""
        self._stack.callback(part.close)
        return part

    def _build_store(self, home: Home) -> None:
        """Load the timetable, and with its zone clock and database."""
        from controller.clock import Clock
        from controller.feed import Feed
        from controller.system.files import keep_scratch
        from controller.timetable.current import TimetableFile

        self._stack.callback(keep_scratch(home.var / "scratch"))
        if (home.var / "restore").exists():
            self._restored(home)
        self.timetable_file = TimetableFile(home.timetable, home.last_good)
        log_file.set_zone(self.timetable_file.rhythm.zone)
        self.clock = Clock(self.timetable_file.rhythm.zone, self._options.start)
        self.feed = Feed()
        self.store = self._closed_at_end(self._opened(home))

    def _build_sound(self, home: Home) -> None:
        from controller.sound.announcer import Announcer
        from controller.sound.library import Library
        from controller.sound.tts.background_install import VoiceInstall
        from controller.sound.tts.client import Voice
        from controller.sound.tts.speakers import ESPEAK

        self._library = self._closed_at_end(Library(home.root, home.cache))
        self._voice = self._closed_at_end(
            Voice(home.cache, home.var / "voices", memory=memory_folder("clips"))
        )
        self._voice_install = self._closed_at_end(
            VoiceInstall(
                home.var / "voices",
                self._voice.reload,
                allowed=self._options.voice_install and self._options.start is None,
                wanted=lambda: self.office.speaking.choice().voice != ESPEAK,
            )
        )
        self._stack.callback(self.speaker.close)
        self._announcer = self._closed_at_end(Announcer(self.speaker, self._voice))
        self._sounds = home.sounds

    def _build_office(self, home: Home) -> None:
        from controller.services import Office, Parts

        self.office = Office(
            Parts(
                self.clock,
                self.timetable_file,
                self.store,
                self.feed,
                self._announcer,
                self.speaker,
                self._voice,
                self._library,
                home.sounds,
                self._voice_install.status,
                self._token,
                home.timetable_versions,
                home,
                home.secrets,
                port=int(self._listener.getsockname()[1]),
                call_failed_since=lambda: self._uptime.failed_since(),
            )
        )
        self._closed_at_end(self.office.media.samples)

    def _build_timekeeper(self) -> None:
        from controller.timekeeper import Timekeeper

        self.timekeeper = Timekeeper(
            self.clock, self.timetable_file, self.office.timetable_listener,
            Watchdog({"store": self.store.responds, "player": self.speaker.works}).feed,
        )  # fmt: skip
        self.store.changes.listen(self.timekeeper.wake)

    def _build_links(self) -> None:
        from controller.links.receiver import BotReceivers
        from controller.links.sender import LinkSender
        from controller.links.uptime import UptimeCalls

        own, timetable = self.office.links, self.timetable_file
        self.links = self._closed_at_end(
            LinkSender(
                self.clock,
                self.store,
                lambda: timetable.rhythm.office,
                own.open_links,
                self.office.health.clock_trusted,
            )
        )
        self.bots = self._closed_at_end(
            BotReceivers(self.clock, own.open_bots, self.office.chat_deals, own.bot_states)
        )
        self._uptime = self._closed_at_end(
            UptimeCalls(
                lambda: timetable.rhythm.health.call,
                lambda: self.store.ailing() is None,
                self.clock.now,
                monotonic=self.clock.monotonic,
            )
        )

    def _build_cities(self) -> None:
        from controller.cities.device_link import DeviceLink
        from controller.cities.link import Link

        self._cities = self._closed_at_end(Link(self.office.cities))
        self.store.changes.listen(self._cities.wake)
        self._home_assistant = self._closed_at_end(DeviceLink(self.office.home_assistant))

    def _opened(self, home: Home) -> Store:
        """Open the database; replace a damaged file by its newest good copy."""
        from controller.sales.store import Store

        zone, works = self.clock.zone, self.timetable_file.works
        store = Store(home.database, zone, stand_in=True, works=works)
        if store.damaged and not self._options.rehearsal:
            from controller.services.restore import replace_damaged

            store.close()
            try:
                replace_damaged(home, zone, self.clock.now())
            except OSError:
                log.exception("the damaged database could not be replaced")
            store = Store(home.database, zone, stand_in=True, works=works)
        return store

    def _restored(self, home: Home) -> None:
        from controller.services.restore import finish

        try:
            if finish(home):
                log.warning("finished a restore that had been interrupted")
        except OSError:
            log.exception("an interrupted restore could not be finished")

    def _serve(self) -> None:
        """Start the web server last: importing it takes as long as all the rest, and music must not wait for it."""
        from signage import create_app
        from signage.server import Server

        app = create_app(
            self.office,
            secret=self.office.keys.secret(),
            feed=self.feed,
            clock=self.clock,
            hosts=self._options.hosts,
            rehearsal=self._options.rehearsal,
        )
        self.server = Server(app, self._listener)
        self._stack.callback(self.server.close)
        self._instance_lock.publish(self.server.port, self._token)
        self.server.start()
        if self._tls is not None:
            self._serve_tls(app, *self._tls)

    def _serve_tls(self, app: Flask, listener: socket.socket, certificate: Certificate) -> None:
        from signage.tls import TlsProxy

        self.front = TlsProxy(self.server, listener, certificate.chain, certificate.key)
        self._stack.callback(self.front.close)
        app.extensions["tls"] = (self.front.port, certificate.authority)
        self.front.start()

    def _on_speaker(self, event: Event) -> None:
        self._announcer.on_speaker(event)
        self.office.timetable_listener.on_speaker(event)

    def start(self) -> None:
        """Start sound first, then time, then the web: the right music plays within half a second."""
        self.speaker.start()
        self.office.timetable_listener.recover()
        self._announcer.start(self.office.queue)
        self.timekeeper.start()
        self._stack.callback(self.timekeeper.close)
        self.speaker.warm(sorted(self._sounds.glob("*.ogg")))  # chime and applause start without a delay
        self._serve()
        mandarin.load()
        self._voice.warm_up()
        self._voice_install.start()
        self.links.start()
        self.bots.start()
        if not self._options.rehearsal:
            self.office.backups.start()
            self._stack.callback(self.office.backups.close)
        if self._options.start is None:  # a rehearsal reports nothing
            self._announce_name()
            self._cities.start()
            self._uptime.start()
            self._home_assistant.start()
        process.notify("READY=1")

    def _announce_name(self) -> None:
        """Announce the machine's name at the addresses where it is served: not for `--host 127.0.0.1`."""
        from controller.mdns import NameAnnouncer

        if network.only_here(self.host):
            self.office.addresses.set("", (self.host,))
            return
        announcer = NameAnnouncer(
            self.office.addresses,
            self._options.name,
            lambda: self.timetable_file.rhythm.office,
            host=self.host,
        )
        self._closed_at_end(announcer).start()

    def close(self) -> None:
        """Stop everything in reverse order."""
        self._stack.close()


def run(options: Options, greet: Callable[[Daemon], None]) -> int:
    """Run until SIGTERM or SIGINT; return the exit code."""
    over = ShutdownSignal()
    gc.disable()  # imported modules stay: collecting garbage among them costs a twentieth of the start
    daemon = Daemon(options)
    try:
        daemon.start()
        gc.freeze()
        gc.enable()
        heaps.keep_small()
        where = reachable_address(daemon.host)
        log.info(
            "zhangu %s runs in %s at http://%s:%d/", version(), options.home.root, where, daemon.server.port
        )
        try:
            greet(daemon)
        except Exception:  # a closed terminal must not end the daemon
            log.exception("could not print the start message to the terminal")
        over.wait()
    finally:
        log.info("stopping")
        daemon.close()
    return 0


class _LogFile(logging.handlers.RotatingFileHandler):
    """A log file that skips lines on a full disk; the terminal and the systemd journal still get them."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def keep_log(home: Home, *, to_screen: bool) -> None:
    """Log to a file of bounded size in var/log, and to the terminal if `to_screen`.

    Where the file cannot be written, log to the terminal alone, from which systemd's journal gets it.
    """
    folder = home.var / "log"
    handlers: list[logging.Handler] = [logging.StreamHandler()] if to_screen else []
    fault = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(_LogFile(folder / "zhangu.log", maxBytes=2_000_000, backupCount=5, encoding="utf-8"))
    except OSError as error:
        fault = error
    for handler in handlers:
        handler.setFormatter(log_file.LineFormatter())
        handler.addFilter(log_file.FloodFilter())
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    if fault is not None:
        log.warning("no log file, %s cannot be written: %s", folder, fault)
