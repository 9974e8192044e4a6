"""The way out of a run with an open network: a proxy for HTTP, and for everything else by CONNECT, that reaches public addresses only.

Standard library only, Python 3.8 or newer. It runs in a container of its own. The run's container has no network at all: its executor
opens a socket on its own loopback interface and hands that socket over, and what jobs connect to there arrives here. So nothing
of the run can reach anything past this program, which looks at every address itself, after its name was resolved.

Started as `egress.py SETTINGS`, where SETTINGS is a JSON object:

    socket      path of the Unix socket where the executor hands its listening socket over
    log_file    one JSON object a line for every connection: whom it asked for, and what became of it
    ports       that may be reached
    deny        networks that may not be reached, besides those that are not public: those of the host
    allow       [{"network", "port"}] that may be reached whatever the rest says; port null: the ones above
"""

import array
import asyncio
import collections
import ipaddress
import json
import os
import socket
import sys
import time
import urllib.parse

HEAD_BYTES = 1 << 16
CHUNK_BYTES = 1 << 16
HEAD_S = 30
CONNECT_S = 20
ALONE_S = 120
MAX_CONNECTIONS = 256
MAX_LOG_BYTES = 50 * 1000 * 1000

# The registries of special-purpose addresses (RFC 6890 and its successors), multicast and reserved space, and one public address at
# which a cloud tells its machines who they are.
NOT_PUBLIC_4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "168.63.129.16/32",
]  # fmt: skip
# Of the one block that is given out, what is special; an address in it that holds one of the older kind is not looked into, but refused.
PUBLIC_6 = "2000::/3"
NOT_PUBLIC_6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]


class Refused(Exception):
    """Why a connection is not made, as a sentence for the contestant."""

    def __init__(self, status, sentence):
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Rules:
    """Which addresses may be reached."""

    def __init__(self, ports, deny, allow):
        self.ports = set(ports)
        self.denied = [ipaddress.ip_network(text, strict=False) for text in NOT_PUBLIC_4 + NOT_PUBLIC_6 + list(deny)]
        self.public_6 = ipaddress.ip_network(PUBLIC_6)
        self.allowed = [(ipaddress.ip_network(rule["network"], strict=False), rule["port"]) for rule in allow]

    def may_reach(self, address, port):
        ip = ipaddress.ip_address(address.partition("%")[0])
        if ip.version == 6 and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        if any(ip in network and port in ({wanted} if wanted else self.ports) for network, wanted in self.allowed):
            return True
        return port in self.ports and self.is_public(ip)

    def is_public(self, ip):
        if ip.version == 6 and ip not in self.public_6:
            return False
        return not any(ip in network for network in self.denied)


class Log:
    """What was asked for. Full is full: the contestant decides how much there is to write."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def write(self, entry):
        try:
            if os.fstat(self.fd).st_size < MAX_LOG_BYTES:
                os.write(self.fd, json.dumps(entry).encode() + b"\n")
        except OSError:
            pass


Target = collections.namedtuple("Target", "host port")


class Egress:
    def __init__(self, settings):
        self.settings = settings
        self.rules = Rules(settings["ports"], settings["deny"], settings["allow"])
        self.log = Log(settings["log_file"])
        self.executors = 0
        self.alone_since = time.monotonic()

    async def run(self):
        self.places = asyncio.Semaphore(MAX_CONNECTIONS)
        control = listen_at(self.settings["socket"])
        asyncio.ensure_future(self.accept_executors(control))
        while self.executors or time.monotonic() - self.alone_since < ALONE_S:
            await asyncio.sleep(1)

    # Executors

    async def accept_executors(self, control):
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(control)
            asyncio.ensure_future(self.serve_executor(connection))

    async def serve_executor(self, connection):
        """Serves the socket that it hands over, until it is gone."""
        self.executors += 1
        try:
            listener = await receive_socket(connection)
            if listener is None:
                return
            server = await asyncio.start_server(self.serve, sock=listener, limit=HEAD_BYTES)
            while await asyncio.get_running_loop().sock_recv(connection, 1):
                pass
            server.close()
        except OSError:
            pass
        finally:
            connection.close()
            self.executors -= 1
            self.alone_since = time.monotonic()

    # Connections of jobs

    async def serve(self, reader, writer):
        entry = {"at": utc(), "host": None, "port": None, "address": None, "refused": None, "sent": 0, "received": 0}
        began = time.monotonic()
        try:
            async with self.places:
                await self.forward(reader, writer, entry)
        except Refused as refusal:
            entry["refused"] = refusal.sentence
            await answer(writer, refusal)
        except (OSError, EOFError, asyncio.TimeoutError, asyncio.LimitOverrunError) as error:
            entry["refused"] = entry["refused"] or type(error).__name__
        finally:
            entry["seconds"] = round(time.monotonic() - began, 3)
            self.log.write(entry)
            await close(writer)

    async def forward(self, reader, writer, entry):
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_S)
        target, opening = understand(head)
        entry.update(host=target.host[:300], port=target.port)
        there_reader, there_writer, entry["address"] = await self.reach(target)
        try:
            if opening is None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                there_writer.write(opening)
            counts = await asyncio.gather(pass_on(reader, there_writer), pass_on(there_reader, writer))
            entry["sent"], entry["received"] = counts
        finally:
            await close(there_writer)

    async def reach(self, target):
        """A connection to an address that was looked at: never to a name, which might lead elsewhere a moment later."""
        loop = asyncio.get_running_loop()
        try:
            found = await asyncio.wait_for(loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM), CONNECT_S)
        except (OSError, UnicodeError, asyncio.TimeoutError):
            raise Refused(502, "The name %s could not be resolved." % target.host[:300]) from None
        allowed = [info for info in found if self.rules.may_reach(info[4][0], target.port)]
        if not allowed:
            raise Refused(
                403,
                "%s, port %d, cannot be reached from a run: only public addresses can, on port %s."
                % (target.host[:300], target.port, " or ".join(map(str, sorted(self.rules.ports)))),
            )
        for family, kind, protocol, _, address in allowed:
            there = socket.socket(family, kind, protocol)
            there.setblocking(False)
            try:
                await asyncio.wait_for(loop.sock_connect(there, address), CONNECT_S)
                reader, writer = await asyncio.open_connection(sock=there, limit=CHUNK_BYTES)
                return reader, writer, address[0]
            except (OSError, asyncio.TimeoutError):
                there.close()
        raise Refused(502, "%s, port %d, does not answer." % (target.host[:300], target.port))


def understand(head):
    """Whom a request is for, and what to send there first: nothing of the request where it asks for a tunnel."""
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Refused(400, "This is a proxy for HTTP; that was something else.")
    method, address, _ = parts
    if method == "CONNECT":
        return target_of("//" + address, 443), None
    if not address.lower().startswith("http://"):
        raise Refused(400, "This is a proxy: ask it for a whole address that begins with http://, or for a tunnel by CONNECT.")
    url = urllib.parse.urlsplit(address)
    path = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
    kept = [line for line in lines[1:-2] if not is_for_proxy(line)]
    opening = "\r\n".join(["%s %s HTTP/1.1" % (method, path)] + kept + ["Connection: close", "", ""])
    return target_of(address, 80), opening.encode("latin-1")


def target_of(address, default_port):
    try:
        url = urllib.parse.urlsplit(address)
        host, port = url.hostname, url.port
    except ValueError:
        host, port = None, None
    if not host or any(character.isspace() or not character.isprintable() for character in host):
        raise Refused(400, "The address that was asked for is not one.")
    return Target(host, port or default_port)


def is_for_proxy(line):
    return line.partition(":")[0].strip().lower() in ("connection", "proxy-connection", "proxy-authorization", "keep-alive")


async def pass_on(reader, writer):
    """Passes bytes on until they end, and says so to the other side. Returns how many there were."""
    count = 0
    try:
        while True:
            data = await reader.read(CHUNK_BYTES)
            if not data:
                break
            count += len(data)
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()
    return count


async def answer(writer, refusal):
    body = (refusal.sentence + "\n").encode("utf-8", "replace")
    reasons = {400: "Bad Request", 403: "Forbidden", 502: "Bad Gateway"}
    head = "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    try:
        writer.write((head % (refusal.status, reasons[refusal.status], len(body))).encode() + body)
        await writer.drain()
    except OSError:
        pass


async def close(writer):
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        pass


async def receive_socket(connection):
    """The socket in the first message; None if there is none."""
    loop = asyncio.get_running_loop()
    arrived = loop.create_future()
    loop.add_reader(connection.fileno(), lambda: arrived.done() or arrived.set_result(None))
    try:
        await asyncio.wait_for(arrived, HEAD_S)
    except asyncio.TimeoutError:
        return None
    finally:
        loop.remove_reader(connection.fileno())
    _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(4))
    if not ancillary:
        return None
    handed = socket.socket(fileno=array.array("i", ancillary[0][2])[0])
    handed.setblocking(False)
    return handed


def listen_at(path):
    if os.path.exists(path):
        os.unlink(path)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.bind(path)
    control.listen(8)
    control.setblocking(False)
    return control


def utc():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


if __name__ == "__main__":
    asyncio.run(Egress(json.loads(sys.argv[1])).run())
