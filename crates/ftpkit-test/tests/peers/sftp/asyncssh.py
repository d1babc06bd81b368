"""What asyncssh's users do: PORT USER PASSWORD KEYS, in a directory that holds `source`."""

import asyncio
import os
import stat
import sys

import asyncssh

port, user, password, keys = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]


def connect(**how):
    return asyncssh.connect(
        "127.0.0.1",
        port,
        username=user,
        known_hosts=f"{keys}/known_hosts",
        agent_path=None,
        config=None,
        **how,
    )


async def fails(errors, action):
    try:
        await action
    except errors:
        return
    raise AssertionError(f"{action} was not refused")


async def logins():
    for name in ["ed25519", "rsa", "certified"]:
        async with connect(client_keys=[f"{keys}/{name}"]) as connection:
            async with connection.start_sftp_client() as sftp:
                assert await sftp.getcwd() == "/", name
    for methods in ["password", "keyboard-interactive"]:
        only = {"client_keys": None, "preferred_auth": methods}
        async with connect(password=password, **only) as connection:
            async with connection.start_sftp_client() as sftp:
                assert await sftp.exists("/"), methods
        await fails(asyncssh.PermissionDenied, connect(password="wrong", **only))
    await fails(asyncssh.PermissionDenied, connect(client_keys=[f"{keys}/stranger"]))


async def refused(connection):
    await fails(asyncssh.ChannelOpenError, connection.run("true"))
    await fails(asyncssh.ChannelOpenError, connection.open_connection("127.0.0.1", port))
    await fails(asyncssh.ChannelListenError, connection.forward_remote_port("", 0, "127.0.0.1", 1))


async def extensions(sftp):
    async with sftp.open("file", "wb") as file:
        for place in reversed(range(64)):
            await file.write(bytes([place]) * 10_000, place * 10_000)
        await file.fsync()
    async with sftp.open("file", "rb") as file:
        assert await file.read() == b"".join(bytes([place]) * 10_000 for place in range(64))
        space = await file.statvfs()
    assert space.blocks > 0 and space.bsize > 0 and space.namemax > 0, space
    space = await sftp.statvfs(".")
    assert space.blocks >= space.bavail > 0, space
    assert sftp.limits.max_read_len >= 32_768

    await sftp.link("file", "hard")
    assert (await sftp.stat("hard")).size == 640_000
    # By copy-data; `remote_copy` of two paths leaves both files open, and no copy is seen.
    await sftp.copy("file", "copied", remote_only=True)
    async with sftp.open("copied", "rb") as file:
        assert (await file.stat()).size == 640_000
    await sftp.symlink("file", "link")
    assert await sftp.readlink("link") == "file"
    await sftp.utime("link", (1_400_000_000, 1_500_000_000), follow_symlinks=False)
    await sftp.utime("file", (1_600_000_000, 1_700_000_000))
    assert (await sftp.lstat("link")).mtime == 1_500_000_000
    assert (await sftp.stat("link")).mtime == 1_700_000_000
    await sftp.truncate("file", 9)
    assert await sftp.getsize("hard") == 9
    await sftp.chmod("file", 0o600)
    assert stat.S_IMODE((await sftp.stat("file")).permissions) == 0o600
    await sftp.posix_rename("copied", "file")
    assert await sftp.getsize("file") == 640_000
    await fails(asyncssh.SFTPFailure, sftp.rename("hard", "file"))
    assert await sftp.realpath("a/../b/.") == "/b"
    for name in ["file", "hard", "link"]:
        await sftp.remove(name)
    await fails(asyncssh.SFTPNoSuchFile, sftp.stat("missing"))
    await fails(asyncssh.SFTPNoSuchFile, sftp.listdir("missing"))
    await fails(asyncssh.SFTPError, sftp.rmdir("tree"))


async def main():
    await logins()
    async with connect(password=password, client_keys=None) as connection:
        await refused(connection)
        async with connection.start_sftp_client() as sftp:
            await sftp.put("source", "tree", preserve=True, recurse=True)
            await sftp.get("tree", "down", preserve=True, recurse=True)
            names = sorted(name for name in await sftp.listdir("tree") if name not in (".", ".."))
            assert names == sorted(os.listdir("source")), names
            found = sorted(await sftp.glob("tree/deep/er/*.bin"))
            assert len(found) == 7, found
            await extensions(sftp)


asyncio.run(main())
