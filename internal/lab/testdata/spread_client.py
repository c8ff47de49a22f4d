#!/usr/bin/env python3
"""A client of the session protocol in Python's standard library.

Written from the description of the protocol alone, to show that a program in
another language can be. Run as a program it tries the description's test
vectors against a running daemon:

    python3 spread_client.py unix:/tmp/4803
    python3 spread_client.py tcp:127.0.0.1:4803

One line per vector, then "N passed, N failed"; exit status 0 if none failed.
"""

import collections
import socket
import struct
import sys
import time

TIMEOUT = 5.0  # seconds to wait for any answer

# The type word.
UNRELIABLE, RELIABLE, FIFO, CAUSAL, AGREED, SAFE = (1 << i for i in range(6))
REGULAR = 0x3F
SELF_DISCARD = 0x40
CAUSED_BY_JOIN, CAUSED_BY_LEAVE = 0x100, 0x200
CAUSED_BY_DISCONNECT, CAUSED_BY_NETWORK = 0x400, 0x800
CAUSES = 0xF00
REG_MEMB, TRANSITION = 0x1000, 0x2000
JOIN, LEAVE, KILL = 0x10000, 0x20000, 0x40000
REJECT = 0x400000
MARKER = 0x80000080  # set: the writer is little endian

HEADER = 48
NAME = 32

Data = collections.namedtuple("Data", "type sender groups kind swapped data")
Membership = collections.namedtuple("Membership", "cause group members id sets own")
Transition = collections.namedtuple("Transition", "group id")
SelfLeave = collections.namedtuple("SelfLeave", "group")
Rejected = collections.namedtuple("Rejected", "type sender groups kind data")


class Refused(Exception):
    """The daemon answered the handshake with a negative code."""

    def __init__(self, code):
        super().__init__("refused with code %d" % code)
        self.code = code


class Malformed(Exception):
    """What the daemon sent is no frame of the protocol."""


def name(text):
    """A name as a field of 32 bytes."""
    raw = text.encode("ascii")
    if len(raw) >= NAME:
        raise ValueError("name of %d bytes" % len(raw))
    return raw.ljust(NAME, b"\0")


def text(field):
    """The text of a field of 32 bytes."""
    end = field.find(b"\0")
    if end < 0:
        raise Malformed("name without its terminator: %r" % field)
    return field[:end].decode("ascii")


def frame(type_word, private, groups=(), data=b"", kind=0, big=False):
    """A message as its writer sends it; big says the writer is big endian."""
    order, marker = (">", 0) if big else ("<", MARKER)
    return b"".join(
        [
            struct.pack(order + "I", type_word | marker),
            name(private),
            struct.pack(order + "i", len(groups)),
            struct.pack(order + "I", (kind & 0xFFFF) << 8 | marker),
            struct.pack(order + "i", len(data)),
        ]
        + [name(g) for g in groups]
        + [data]
    )


def order_of(word):
    """The byte order of whoever wrote the four bytes, by their marker."""
    marks = word[0] & 0x80, word[3] & 0x80
    if marks == (0x80, 0x80):
        return "<"
    if marks == (0, 0):
        return ">"
    raise Malformed("half an endian marker in %s" % word.hex())


def decode(read):
    """The next message; read(n) gives exactly n bytes."""
    head = read(HEADER)
    order = order_of(head[:4])
    type_word = struct.unpack(order + "I", head[:4])[0] & ~MARKER
    private = text(head[4:36])
    count = struct.unpack(order + "i", head[36:40])[0]
    hint_order = order_of(head[40:44])
    hint = struct.unpack(hint_order + "I", head[40:44])[0] & ~MARKER
    length = struct.unpack(order + "i", head[44:48])[0]
    if count < 0 or length < 0:
        raise Malformed("count %d, length %d" % (count, length))
    kind = (hint >> 8 & 0xFFFF) - (hint >> 8 & 0x8000) * 2

    original = 0
    if type_word & REJECT:
        original = struct.unpack(order + "I", read(4))[0] & ~MARKER
    groups = [text(read(NAME)) for _ in range(count)]
    data = read(length)

    if type_word & REJECT:
        return Rejected(original | REJECT, private, groups, kind, data)
    if type_word & REGULAR:
        return Data(type_word, private, groups, kind, hint_order != order, data)
    if type_word & TRANSITION:
        if len(data) != 12:
            raise Malformed("transitional signal of %d bytes" % len(data))
        return Transition(private, struct.unpack(order + "iii", data))
    if type_word & REG_MEMB:
        return membership(order, type_word & CAUSES, private, groups, data)
    if type_word & CAUSED_BY_LEAVE:
        return SelfLeave(private)
    raise Malformed("type word %08x" % type_word)


def membership(order, cause, group, members, body):
    """A regular membership message from its parts."""
    if len(body) < 20:
        raise Malformed("membership body of %d bytes" % len(body))
    ident = struct.unpack(order + "iii", body[:12])
    count, own_offset = struct.unpack(order + "II", body[12:20])
    sets, own, at = [], None, 20
    for index in range(count):
        if at - 20 == own_offset:
            own = index
        if at + 4 > len(body):
            raise Malformed("vs set %d is not there" % index)
        n = struct.unpack(order + "I", body[at : at + 4])[0]
        at += 4
        if at + NAME * n > len(body):
            raise Malformed("vs set %d is cut off" % index)
        sets.append([text(body[at + NAME * i : at + NAME * (i + 1)]) for i in range(n)])
        at += NAME * n
    if at != len(body):
        raise Malformed("%d bytes behind the vs sets" % (len(body) - at))
    if own is None:
        raise Malformed("own vs set at %d is none of them" % own_offset)
    return Membership(cause, group, members, ident, sets, own)


def dial(address):
    """A connection to "unix:PATH" or "tcp:HOST:PORT"."""
    kind, _, rest = address.partition(":")
    if kind == "unix":
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(TIMEOUT)
        s.connect(rest)
        return s
    if kind == "tcp":
        host, _, port = rest.rpartition(":")
        s = socket.create_connection((host.strip("[]"), int(port)), TIMEOUT)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s
    raise ValueError("address %r is neither unix:PATH nor tcp:HOST:PORT" % address)


class Session:
    """One connection, from its first byte on."""

    def __init__(self, address):
        self.socket = dial(address)
        self.private = ""
        self.version = ()

    def read(self, n):
        """Exactly n bytes."""
        parts = []
        while n > 0:
            part = self.socket.recv(n)
            if not part:
                raise EOFError("end of file with %d bytes missing" % n)
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def ended(self):
        """Tells that the daemon has closed, with nothing before it."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def write(self, raw):
        self.socket.sendall(raw)

    def code(self):
        """A length or 1; negative codes are raised."""
        value = struct.unpack("b", self.read(1))[0]
        if value < 0:
            raise Refused(value)
        return value

    def open(self, private, memberships=True, version=(4, 4, 0)):
        """The handshake. Libraries before 3.15 have no patch level in it, those
        before 3.16 no choice of methods."""
        number = version[0] * 10000 + version[1] * 100
        patch = number > 31400
        raw = private.encode("ascii")
        hello = bytes(version[:2]) + (bytes(version[2:3]) if patch else b"")
        self.write(hello + bytes([int(memberships), len(raw)]) + raw)
        if number + version[2] >= 31600:
            methods = self.read(self.code()).decode("ascii").split()
            if "NULL" not in methods:
                raise Malformed("NULL is not offered: %r" % methods)
            self.write(b"NULL".ljust(90, b"\0"))
        if self.code() != 1:
            raise Malformed("neither accepted nor refused")
        self.version = tuple(self.read(3 if patch else 2))
        self.private = self.read(self.code()).decode("ascii")
        return self

    def join(self, group):
        self.write(frame(JOIN, self.private, [group]))

    def leave(self, group):
        self.write(frame(LEAVE, self.private, [group]))

    def multicast(self, service, groups, data, kind=0, big=False):
        self.write(frame(service, self.private, groups, data, kind, big))

    def disconnect(self):
        self.write(frame(KILL, self.private, [self.private]))

    def receive(self):
        return decode(self.read)

    def close(self):
        self.socket.close()


# ---- The test vectors.


class Different(Exception):
    """The daemon did something else."""


def want(have, wanted, what):
    if have != wanted:
        if isinstance(have, bytes):
            have, wanted = have.hex(" "), wanted.hex(" ")
        raise Different("%s:\n  have %s\n  want %s" % (what, have, wanted))


class Vectors:
    """Runs vectors and counts; sessions are closed at the end."""

    def __init__(self, address):
        self.address = address
        self.passed = self.failed = 0
        self.sessions = []
        self.gid = None  # the constant eight bytes of the group's id

    def session(self):
        s = Session(self.address)
        self.sessions.append(s)
        return s

    def run(self, title, vector):
        try:
            vector()
        except Exception as e:  # whatever happened, it is this vector's failure
            self.failed += 1
            print("FAIL  %s: %s: %s" % (title, type(e).__name__, e))
        else:
            self.passed += 1
            print("ok    %s" % title)

    def expect_membership(self, session, cause, index, members, changed):
        """The 48 + 32·members + 56 bytes of a join, leave or disconnect."""
        raw = session.read(HEADER + NAME * len(members) + 56)
        at = HEADER + NAME * len(members)
        if self.gid is None:
            self.gid = raw[at : at + 8]
        wanted = (
            bytes([0x80, 0x10 | cause >> 8, 0, 0x80])
            + name("chat")
            + struct.pack("<I", len(members))
            + b"\x80\x00\x00\x80"
            + b"\x38\x00\x00\x00"
            + b"".join(name(m) for m in members)
            + self.gid
            + struct.pack("<I", index)
            + b"\x01\x00\x00\x00" + b"\x00\x00\x00\x00" + b"\x01\x00\x00\x00"
            + name(changed)
        )
        want(raw, wanted, "bytes to " + session.private)
        self.decoded(raw, cause, members, changed)

    def decoded(self, raw, cause, members, changed):
        """The same bytes through the decoder."""
        m = decode(reader(raw))
        want((m.cause, m.group, m.members), (cause, "chat", members), "decoded")
        want((m.sets, m.own), ([[changed]], 0), "vs sets")

    def all(self):
        self.local()
        self.handshake()
        self.conversation()
        for s in self.sessions:
            s.close()
        return self.failed == 0

    # -- what needs no daemon

    def local(self):
        self.run("decoding: data of a big-endian client", self.decode_big_data)
        self.run("decoding: network membership with two vs sets", self.decode_sets)
        self.run("decoding: the same, written big endian", self.decode_sets_big)
        self.run("decoding: transitional signal, self-leave, reject", self.decode_others)

    def decode_big_data(self):
        raw = bytes.fromhex("e0000080") + name("#user1#alpha") + bytes.fromhex("02000000 00fffe00 02000000")
        raw += name("chat") + name("other") + b"hi"
        want(decode(reader(raw)),
             Data(SAFE | SELF_DISCARD, "#user1#alpha", ["chat", "other"], -2, True, b"hi"), "decoded")
        sent = frame(SAFE | SELF_DISCARD, "#user1#alpha", ["chat", "other"], b"hi", -2, big=True)
        want(sent[:4], bytes.fromhex("00000060"), "type word")
        want(sent[36:48], bytes.fromhex("00000002 00fffe00 00000002"), "count, hint and length")

    SETS = [["#cat#gamma"], ["#ann#alpha", "#bob#beta"]]

    def sets(self, order):
        members = self.SETS[1] + self.SETS[0]
        marker = MARKER if order == "<" else 0
        body = struct.pack(order + "iiiII", -1358244047, 1795183480, 1, 2, 36)
        for s in self.SETS:
            body += struct.pack(order + "I", len(s)) + b"".join(name(m) for m in s)
        raw = struct.pack(order + "I", REG_MEMB | CAUSED_BY_NETWORK | marker) + name("chat")
        raw += struct.pack(order + "iIi", len(members), marker, len(body))
        raw += b"".join(name(m) for m in members) + body
        m = decode(reader(raw))
        want((m.cause, m.members), (CAUSED_BY_NETWORK, members), "decoded")
        want((m.sets, m.own), (self.SETS, 1), "vs sets")
        want(m.id, (-1358244047, 1795183480, 1), "group id")
        return raw

    def decode_sets(self):
        raw = self.sets("<")
        want(raw[:4], bytes.fromhex("80180080"), "type word")
        want(raw[44:48], bytes.fromhex("7c000000"), "length of the body")
        want(raw[48 + 96 :][:24], bytes.fromhex("31d70aaf 7853006b 01000000 02000000 24000000 01000000"), "body")

    def decode_sets_big(self):
        self.sets(">")

    def decode_others(self):
        raw = bytes.fromhex("80200080") + name("chat") + bytes.fromhex("00000000 80000080 0c000000")
        raw += struct.pack("<iii", 5, 6, 7)
        want(decode(reader(raw)), Transition("chat", (5, 6, 7)), "signal")
        raw = bytes.fromhex("80020080") + name("chat") + bytes.fromhex("00000000 80000080 00000000")
        want(decode(reader(raw)), SelfLeave("chat"), "self-leave")
        raw = bytes.fromhex("8000c080") + name("#u#d") + bytes.fromhex("02000000 80000080 00000000 80010080")
        want(decode(reader(raw + name("chat") + name("#u#d"))),
             Rejected(REJECT | CAUSED_BY_JOIN, "#u#d", ["chat", "#u#d"], 0, b""), "reject")

    # -- the handshake

    def handshake(self):
        self.run("handshake: version 3.0 is too old", lambda: self.refused(
            bytes([3, 0, 1, 1]) + b"a", [b"\xf9"]))
        self.run("handshake: name of 11 letters", lambda: self.refused(
            bytes([4, 4, 0, 1, 11]) + b"abcdefghijk", [b"\xfb"]))
        self.run("handshake: illegal byte in the name", lambda: self.refused(
            bytes([4, 4, 0, 1, 3]) + b"a#b", [b"\xfb"]))
        self.run("handshake: name in use", self.name_in_use)
        self.run("handshake: no method chosen", lambda: self.refused_method(b""))
        self.run("handshake: method not offered", lambda: self.refused_method(b"FOO"))
        self.run("handshake: full example, byte for byte", self.full_example)
        self.run("handshake: library 3.1, no patch level, no methods", self.old_library)

    def refused(self, sent, answers):
        s = self.session()
        s.write(sent)
        for a in answers:
            want(s.read(len(a)), a, "answer")
        want(s.ended(), True, "closed after it")

    def name_in_use(self):
        first = self.session().open("user1")
        try:
            self.refused(bytes([4, 4, 0, 1, 5]) + b"user1", [b"\xfa"])
        finally:
            first.disconnect()
            first.ended()
            first.close()

    def refused_method(self, method):
        s = self.session()
        s.write(bytes([4, 4, 0, 1, 5]) + b"other")
        offered(s)
        s.write(method.ljust(90, b"\0"))
        want(s.read(1), b"\xf7", "answer")
        want(s.ended(), True, "closed after it")

    def full_example(self):
        s = self.session()
        s.write(bytes([4, 4, 0, 1, 6]) + b"byte$~")
        offered(s)
        s.write(b"NULL" + bytes(86))
        head = s.read(5)
        want(head[0], 1, "accepted")
        if head[1] < 3 or max(head[1:4]) > 127:
            raise Different("version %s: libraries want 3 and more" % (tuple(head[1:4]),))
        private = s.read(head[4]).decode("ascii")
        if not private.startswith("#byte$~#") or len(private) > 31:
            raise Different("private group %r" % private)
        s.write(frame(KILL, private, [private]))
        want(s.ended(), True, "closed after the disconnect")

    def old_library(self):
        s = self.session().open("old", version=(3, 1, 0))
        want((len(s.version), s.private[:5]), (2, "#old#"), "version bytes and private group")
        s.disconnect()
        want(s.ended(), True, "closed after the disconnect")

    # -- the conversation of two clients

    def conversation(self):
        try:
            u1 = self.reopen("user1")
            u2 = self.reopen("user2")
        except Exception as e:
            self.failed += 7
            print("FAIL  vectors 1 to 7: no two sessions: %s: %s" % (type(e).__name__, e))
            return
        p1, p2 = u1.private, u2.private
        both = [p1, p2]

        def v1():
            u1.join("chat")
            self.expect_membership(u1, CAUSED_BY_JOIN, 1, [p1], p1)

        def v2():
            u2.join("chat")
            self.expect_membership(u1, CAUSED_BY_JOIN, 2, both, p2)
            self.expect_membership(u2, CAUSED_BY_JOIN, 2, both, p2)

        def v3():
            u1.multicast(AGREED, ["chat"], b"hello", kind=7)
            wanted = bytes.fromhex("90000080") + name(p1) + bytes.fromhex("01000000 80070080 05000000")
            wanted += name("chat") + b"hello"
            for u in (u1, u2):
                raw = u.read(len(wanted))
                want(raw, wanted, "bytes to " + u.private)
                want(decode(reader(raw)), Data(AGREED, p1, ["chat"], 7, False, b"hello"), "decoded")

        def v4():
            # That user1 gets nothing shows in vector 5: the next bytes to it
            # are those of the leave.
            u1.multicast(SAFE | SELF_DISCARD, ["chat", "other"], b"hi", kind=-2, big=True)
            wanted = bytes.fromhex("e0000080") + name(p1) + bytes.fromhex("02000000 00fffe00 02000000")
            wanted += name("chat") + name("other") + b"hi"
            raw = u2.read(len(wanted))
            want(raw, wanted, "bytes to user2")
            want(decode(reader(raw)),
                 Data(SAFE | SELF_DISCARD, p1, ["chat", "other"], -2, True, b"hi"), "decoded")

        def v5():
            u2.leave("chat")
            raw = u2.read(HEADER)
            want(raw, bytes.fromhex("80020080") + name("chat") + bytes.fromhex("00000000 80000080 00000000"),
                 "bytes to user2")
            want(decode(reader(raw)), SelfLeave("chat"), "decoded")
            self.expect_membership(u1, CAUSED_BY_LEAVE, 3, [p1], p2)

        def v6():
            u2.join("chat")
            self.expect_membership(u1, CAUSED_BY_JOIN, 4, both, p2)
            self.expect_membership(u2, CAUSED_BY_JOIN, 4, both, p2)

        def v7():
            u2.disconnect()
            self.expect_membership(u1, CAUSED_BY_DISCONNECT, 5, [p1], p2)
            want(u2.ended(), True, "end of file at user2")

        self.run("vector 1: user1 joins chat", v1)
        self.run("vector 2: user2 joins", v2)
        self.run("vector 3: user1 multicasts AGREED, type 7", v3)
        self.run("vector 4: big-endian client, SAFE, SELF_DISCARD, type -2, two groups", v4)
        self.run("vector 5: user2 leaves", v5)
        self.run("vector 6: user2 joins again", v6)
        self.run("vector 7: user2 disconnects", v7)
        u1.disconnect()
        u1.ended()

    def reopen(self, private):
        """A session under a name that may be in use until the disconnect of its
        last user has been ordered: tries again as clients do."""
        until = time.monotonic() + TIMEOUT
        while True:
            try:
                return self.session().open(private)
            except Refused as e:
                if e.code != -6 or time.monotonic() > until:
                    raise
            time.sleep(0.01)


def offered(session):
    """The offered methods, whose list must start with NULL."""
    length = session.read(1)[0]
    if length >= 128:
        raise Refused(length - 256)
    methods = session.read(length)
    want(methods[:5], b"NULL ", "start of the offered methods")
    want(methods[-1:], b" ", "end of the offered methods")


def reader(raw):
    """A read function over bytes at hand, for decode."""
    at = 0

    def read(n):
        nonlocal at
        if at + n > len(raw):
            raise EOFError("%d bytes beyond the end" % (at + n - len(raw)))
        at += n
        return raw[at - n : at]

    return read


def main(arguments):
    if len(arguments) != 1:
        print("usage: spread_client.py unix:PATH | tcp:HOST:PORT", file=sys.stderr)
        return 2
    vectors = Vectors(arguments[0])
    well = vectors.all()
    print("%d passed, %d failed" % (vectors.passed, vectors.failed))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
