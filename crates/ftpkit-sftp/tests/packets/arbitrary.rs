//! Any packet, for the properties.

use bytes::Bytes;
use ftpkit_sftp::packet::{
    Attributes, ClientPacket, Extended, ExtendedReply, Extension, Handle, Init, Mode, Name,
    OpenFlags, PacketType, Pairs, Request, RequestId, Response, ServerPacket, Status, StatusCode,
    Version,
};
use proptest::{collection::vec, option, prelude::*};

fn string() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        8 => vec(any::<u8>(), 0..20),
        1 => vec(any::<u8>(), 1000..2100),
    ]
    .prop_map(Bytes::from)
}

fn handle() -> impl Strategy<Value = Handle> {
    vec(any::<u8>(), 0..=Handle::MAX).prop_map(|bytes| Handle::new(bytes).expect("short enough"))
}

fn pairs() -> impl Strategy<Value = Pairs> {
    vec((string(), string()), 0..4).prop_map(Pairs::from_iter)
}

pub(super) fn attributes() -> impl Strategy<Value = Attributes> {
    (
        option::of(any::<u64>()),
        option::of(any::<(u32, u32)>()),
        option::of(any::<u32>()),
        option::of(any::<(u32, u32)>()),
        pairs(),
    )
        .prop_map(|(size, owner, mode, times, extended)| {
            let mut attributes = Attributes::default();
            attributes.size = size;
            attributes.mode = mode.map(Mode);
            attributes.extended = extended;
            if let Some((uid, gid)) = owner {
                attributes = attributes.with_owner(uid, gid);
            }
            if let Some((accessed, modified)) = times {
                attributes = attributes.with_times(accessed, modified);
            }
            attributes
        })
}

fn extended() -> impl Strategy<Value = Extended> {
    let name = string().prop_filter("known", |name| Extension::from_name(name).is_none());
    let ids = || vec(any::<u32>(), 0..5);
    prop_oneof![
        (string(), string()).prop_map(|(from, to)| Extended::PosixRename { from, to }),
        string().prop_map(Extended::Statvfs),
        handle().prop_map(Extended::Fstatvfs),
        (string(), string()).prop_map(|(from, to)| Extended::Hardlink { from, to }),
        handle().prop_map(Extended::Fsync),
        (string(), attributes())
            .prop_map(|(path, attributes)| Extended::Lsetstat { path, attributes }),
        Just(Extended::Limits),
        string().prop_map(Extended::ExpandPath),
        (handle(), any::<[u64; 3]>(), handle()).prop_map(|(from, numbers, to)| {
            let [from_offset, length, to_offset] = numbers;
            Extended::CopyData {
                from,
                from_offset,
                length,
                to,
                to_offset,
            }
        }),
        string().prop_map(Extended::HomeDirectory),
        (ids(), ids()).prop_map(|(uids, gids)| Extended::UsersGroupsById { uids, gids }),
        (name, string()).prop_map(|(name, data)| Extended::Other { name, data }),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let path_and = || (string(), attributes());
    prop_oneof![
        (string(), any::<u32>(), attributes()).prop_map(|(path, flags, attributes)| {
            let flags = OpenFlags::from_bits(flags);
            Request::Open {
                path,
                flags,
                attributes,
            }
        }),
        handle().prop_map(Request::Close),
        (handle(), any::<u64>(), any::<u32>()).prop_map(|(handle, offset, length)| Request::Read {
            handle,
            offset,
            length
        }),
        (handle(), any::<u64>(), string()).prop_map(|(handle, offset, data)| Request::Write {
            handle,
            offset,
            data
        }),
        string().prop_map(Request::Lstat),
        handle().prop_map(Request::Fstat),
        path_and().prop_map(|(path, attributes)| Request::Setstat { path, attributes }),
        (handle(), attributes())
            .prop_map(|(handle, attributes)| Request::Fsetstat { handle, attributes }),
        string().prop_map(Request::Opendir),
        handle().prop_map(Request::Readdir),
        string().prop_map(Request::Remove),
        path_and().prop_map(|(path, attributes)| Request::Mkdir { path, attributes }),
        string().prop_map(Request::Rmdir),
        prop_oneof![
            string().prop_map(Request::Realpath),
            string().prop_map(Request::Stat),
            string().prop_map(Request::Readlink),
        ],
        (string(), string()).prop_map(|(from, to)| Request::Rename { from, to }),
        (string(), string()).prop_map(|(target, link)| Request::Symlink { target, link }),
        extended().prop_map(Request::Extended),
        (21..200u8, string()).prop_map(|(number, data)| Request::Unknown {
            packet: PacketType::new(number),
            data
        }),
    ]
}

pub(super) fn client_packet() -> impl Strategy<Value = ClientPacket> {
    prop_oneof![
        1 => (any::<u32>(), pairs()).prop_map(|(version, extensions)| {
            let mut init = Init::new(version);
            init.extensions = extensions;
            ClientPacket::Init(init)
        }),
        9 => (any::<u32>(), request()).prop_map(|(id, request)| {
            ClientPacket::Request(RequestId(id), request)
        }),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    (string(), string(), attributes())
        .prop_map(|(name, longname, attributes)| Name::new(name, longname, attributes))
}

fn response() -> impl Strategy<Value = Response> {
    prop_oneof![
        (any::<u32>(), string(), string()).prop_map(|(code, message, language)| {
            let mut status = Status::new(StatusCode::from_number(code % 12), message);
            status.language = language;
            Response::Status(status)
        }),
        handle().prop_map(Response::Handle),
        string().prop_map(Response::Data),
        vec(name(), 0..5).prop_map(Response::Name),
        attributes().prop_map(Response::Attrs),
        string().prop_map(|data| Response::ExtendedReply(ExtendedReply::Raw(data))),
    ]
}

pub(super) fn server_packet() -> impl Strategy<Value = ServerPacket> {
    prop_oneof![
        1 => (any::<u32>(), pairs()).prop_map(|(number, extensions)| {
            let mut version = Version::new([]);
            version.version = number;
            version.extensions = extensions;
            ServerPacket::Version(version)
        }),
        9 => (any::<u32>(), response()).prop_map(|(id, response)| {
            ServerPacket::Response(RequestId(id), response)
        }),
    ]
}
