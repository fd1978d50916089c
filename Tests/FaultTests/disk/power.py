# SPDX-License-Identifier: Apache-2.0
"""What a disk may hold when the power goes: the log of a run's changes (disk.h), played again.

A change counts for certain once it was synced. Of the others a disk may have kept what it likes:

    in a file     each page that was written, or not; its size is one that it had since
    in folders    `ordered`: names change in the order in which they were changed, up to some
                  change, and any sync brings all that came before: one journal for all
                  otherwise: each change of a name by itself; a sync of a folder brings those in it,
                  and no name is safe before its folder was synced, also a folder's own

A rename is one change, and safe when one of its two folders is. When the sync of a file fails, what
waited for it is dropped: no later one brings it to the disk, unless it is written again.
"""

import os
import pathlib
import struct

PAGE = 4096
ENTRY = struct.Struct("<IIIIQQ")
(READ, OPEN, CREATE, WRITE, SYNC, RENAME, LINK, UNLINK, MKDIR, TRUNCATE, ALLOCATE) = range(11)


class File:
    def __init__(self, content=b""):
        self.now, self.safe = bytearray(content), bytes(content)
        self.sizes = []  # since it was synced
        self.waiting, self.dropped = set(), set()  # pages

    def write(self, place, content):
        if len(self.now) < place:
            self.now.extend(bytes(place - len(self.now)))
        self.now[place:place + len(content)] = content
        self.sizes.append(len(self.now))
        pages = range(place // PAGE, (place + len(content) + PAGE - 1) // PAGE)
        self.waiting.update(pages)
        self.dropped.difference_update(pages)

    def truncate(self, size):
        del self.now[size:]
        self.now.extend(bytes(size - len(self.now)))
        self.sizes.append(size)

    def sync(self):
        self.safe = self.with_pages(len(self.now), lambda page: page not in self.dropped)
        self.sizes, self.waiting = [], set()

    def fail_sync(self):
        self.dropped |= self.waiting
        self.waiting = set()

    def with_pages(self, size, is_kept):
        """Those pages as they are now, the others as they are safe."""
        whole = bytearray(self.safe[:size].ljust(size, b"\0"))
        for page in range((min(size, len(self.now)) + PAGE - 1) // PAGE):
            if is_kept(page):
                content = self.now[page * PAGE:min(page * PAGE + PAGE, size)]
                whole[page * PAGE:page * PAGE + len(content)] = content
        return bytes(whole)

    def kept(self, chance, likely):
        """What of it may be there."""
        if not self.sizes:
            return self.safe
        size = chance.choice([len(self.safe), *self.sizes, *3 * [len(self.now)]])
        return self.with_pages(
            size, lambda page: page not in self.dropped and chance.random() < likely)


class Folder:
    pass


class Change:
    """Names that mean another file from now on, or none: {(folder, name): file or None}."""

    def __init__(self, names):
        self.names, self.is_safe = names, False


class Disk:
    """The folder `root` as it is now, and from then on as the log says."""

    def __init__(self, root):
        self.root = str(root)
        self.top = Folder()
        self.names = {}  # as a process sees them now
        self.safe = {}  # before `changes`
        self.changes = []
        self.numbers = {os.stat(root).st_ino: self.top}
        self.look(self.root, self.top)
        self.safe = dict(self.names)

    def look(self, path, folder):
        for entry in os.scandir(path):
            one = Folder() if entry.is_dir() else File(pathlib.Path(entry.path).read_bytes())
            self.names[folder, entry.name] = one
            self.numbers[entry.inode()] = one
            if entry.is_dir():
                self.look(entry.path, one)

    def place(self, path):
        """(folder, name) of a path below the root."""
        folder, parts = self.top, pathlib.PurePath(os.path.relpath(path, self.root)).parts
        for part in parts[:-1]:
            folder = self.names[folder, part]
        return folder, parts[-1]

    def change(self, names):
        self.names.update(names)
        self.changes.append(Change(names))

    def play(self, log, is_ordered, forgets=False):
        """All of a log; how many entries it had. `forgets`: a sync of a file does nothing."""
        count = at = 0
        while at + ENTRY.size <= len(log):
            call, first, second, _, number, place = ENTRY.unpack_from(log, at)
            at += ENTRY.size
            texts = log[at:at + first], log[at + first:at + first + second].decode()
            at += first + second
            if not (forgets and call == SYNC and isinstance(self.numbers[number], File)):
                self.apply(call, number, place, *texts, is_ordered)
            count += 1
        return count

    def apply(self, call, number, place, first, second, is_ordered):
        if call in (CREATE, MKDIR):
            made = self.numbers[number] = File() if call == CREATE else Folder()
            self.change({self.place(first.decode()): made})
        elif call == WRITE:
            self.numbers[number].write(place, first)
        elif call == TRUNCATE:
            self.numbers[number].truncate(place)
        elif call == SYNC and place:
            if isinstance(self.numbers[number], File):
                self.numbers[number].fail_sync()
        elif call == SYNC:
            self.sync(self.numbers[number], is_ordered)
        elif call == LINK:
            self.change({self.place(second): self.names[self.place(first.decode())]})
        elif call == UNLINK:
            self.change({self.place(first.decode()): None})
        elif call == RENAME:
            old, new = self.place(first.decode()), self.place(second)
            self.change({new: self.names[old], old: None})

    def sync(self, one, is_ordered):
        if isinstance(one, File):
            one.sync()
        for change in self.changes:
            if is_ordered or any(folder is one for folder, _ in change.names):
                change.is_safe = True
        while self.changes and self.changes[0].is_safe:
            self.safe.update(self.changes.pop(0).names)

    def now(self):
        """{path: content} as the processes saw it last; a folder has None."""
        return self.listed(self.names, lambda file: bytes(file.now))

    def after_cut(self, chance, is_ordered):
        """{path: content} that may be found when the power is back."""
        likely = chance.choice([0, 0.5, 0.9, 1])
        names, last = dict(self.safe), chance.randint(0, len(self.changes))
        for number, change in enumerate(self.changes):
            if change.is_safe or (number < last if is_ordered else chance.random() < likely):
                names.update(change.names)
        return self.listed(names, lambda file: file.kept(chance, likely))

    def listed(self, names, content):
        found, known = {}, {}

        def look(folder, path):
            for (parent, name), one in sorted(names.items(), key=lambda item: item[0][1]):
                if parent is not folder or one is None:
                    continue
                inner = f"{path}{name}"
                if isinstance(one, Folder):
                    found[inner] = None
                    look(one, inner + "/")
                else:
                    if one not in known:
                        known[one] = content(one)
                    found[inner] = known[one]

        look(self.top, "")
        return found


def found(root):
    """{path: content} of a real folder."""
    return {str(path.relative_to(root)): None if path.is_dir() else path.read_bytes()
            for path in pathlib.Path(root).rglob("*")}


def make(root, content):
    """A folder with that content."""
    os.mkdir(root)
    for path, one in sorted(content.items()):
        if one is None:
            os.makedirs(os.path.join(root, path), exist_ok=True)
        else:
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            pathlib.Path(root, path).write_bytes(one)
            os.chmod(os.path.join(root, path), 0o600)
