"""What paramiko's users do: PORT USER PASSWORD KEYS, in a directory that holds `source`."""

import os
import stat
import sys

import paramiko

port, user, password, keys = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]


def connect(**how):
    client = paramiko.SSHClient()
    client.load_host_keys(f"{keys}/known_hosts")
    client.connect(
        "127.0.0.1", port=port, username=user, allow_agent=False, look_for_keys=False, **how
    )
    return client


def fails(errors, action, *arguments):
    try:
        action(*arguments)
    except errors:
        return
    raise AssertionError(f"{action} {arguments} was not refused")


for name in ["ed25519", "rsa"]:
    with connect(key_filename=f"{keys}/{name}") as client:
        assert client.open_sftp().normalize(".") == "/"
with connect(key_filename=f"{keys}/certified-cert.pub") as client:
    assert client.open_sftp().normalize(".") == "/"
wrong = paramiko.AuthenticationException
fails(wrong, lambda: connect(password="wrong"))
fails(wrong, lambda: connect(key_filename=f"{keys}/stranger"))

client = connect(password=password)
fails(paramiko.SSHException, client.exec_command, "true")
fails(paramiko.SSHException, client.invoke_shell)
sftp = client.open_sftp()


def up(here, there):
    sftp.mkdir(there)
    for name in os.listdir(here):
        if os.path.isdir(f"{here}/{name}"):
            up(f"{here}/{name}", f"{there}/{name}")
            continue
        told = sftp.put(f"{here}/{name}", f"{there}/{name}")
        metadata = os.stat(f"{here}/{name}")
        assert told.st_size == metadata.st_size, name
        sftp.utime(f"{there}/{name}", (metadata.st_atime, metadata.st_mtime))


def down(there, here):
    os.mkdir(here)
    for entry in sftp.listdir_attr(there):
        name = entry.filename
        if stat.S_ISDIR(entry.st_mode):
            down(f"{there}/{name}", f"{here}/{name}")
            continue
        sftp.get(f"{there}/{name}", f"{here}/{name}")
        os.utime(f"{here}/{name}", (entry.st_atime, entry.st_mtime))


up("source", "tree")
down("tree", "down")
walked = sorted(entry.filename for entry in sftp.listdir_iter("tree"))
assert walked == sorted(os.listdir("source")), walked

# Writes all over the place, of which none waits for its answer.
with sftp.open("file", "w+b") as file:
    file.set_pipelined(True)
    for place in reversed(range(64)):
        file.seek(place * 10_000)
        file.write(bytes([place]) * 10_000)
    file.seek(5)
    file.write(b"overlap")
    file.flush()
    assert file.stat().st_size == 640_000
with sftp.open("file", "rb") as file:
    file.prefetch(640_000)
    read = file.read()
expected = bytearray(b"".join(bytes([place]) * 10_000 for place in range(64)))
expected[5:12] = b"overlap"
assert read == expected
with sftp.open("file", "rb") as file:
    parts = list(file.readv([(0, 10), (9_990, 20), (639_995, 5)]))
assert parts == [read[:10], read[9_990:10_010], read[639_995:]]
with sftp.open("file", "ab") as file:
    file.write(b"end")
with sftp.open("file", "r+b") as file:
    file.seek(640_000)
    file.write(b"END")
    file.truncate(640_002)
assert sftp.stat("file").st_size == 640_002
with sftp.open("file", "rb") as file:
    file.seek(639_999)
    assert file.read() == bytes([63]) + b"EN"

sftp.truncate("file", 7)
sftp.chmod("file", 0o640)
sftp.chown("file", 12, 34)
sftp.utime("file", (1_500_000_000, 1_600_000_000))
told = sftp.stat("file")
assert (told.st_size, told.st_mode, told.st_uid, told.st_gid) == (7, 0o100640, 12, 34), told
assert (told.st_atime, told.st_mtime) == (1_500_000_000, 1_600_000_000), told

# `rename` keeps what is there, `posix_rename` takes its place.
with sftp.open("other", "wxb") as file:
    file.write(b"other")
fails(OSError, sftp.rename, "other", "file")
fails(OSError, sftp.open, "other", "wxb")
sftp.posix_rename("other", "file")
with sftp.open("file") as file:
    assert file.read() == b"other"
sftp.rename("file", "moved")

sftp.symlink("moved", "link")
assert sftp.readlink("link") == "moved"
assert stat.S_ISLNK(sftp.lstat("link").st_mode)
assert stat.S_ISREG(sftp.stat("link").st_mode)
sftp.symlink("link", "loop")
sftp.remove("link")
sftp.symlink("loop", "link")
fails(OSError, sftp.stat, "loop")
for name in ["loop", "link", "moved"]:
    sftp.remove(name)

sftp.mkdir("made", 0o700)
assert sftp.stat("made").st_mode == 0o040700
sftp.chdir("made")
assert sftp.getcwd() == "/made"
assert sftp.normalize("../made/./x/..") == "/made"
sftp.chdir("..")
fails(FileNotFoundError, sftp.stat, "missing")
fails(FileNotFoundError, sftp.open, "missing")
fails(FileNotFoundError, sftp.listdir, "missing")
fails(OSError, sftp.remove, "made")
fails(OSError, sftp.rmdir, "tree")
sftp.rmdir("made")

# Beside each other in one connection.
others = [client.open_sftp() for _ in range(4)]
for other in others:
    assert other.stat("tree").st_size is not None
    other.close()
client.close()
