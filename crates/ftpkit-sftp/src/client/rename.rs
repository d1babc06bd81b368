//! Renames, over what is there or not: [`RenameRun`].

use super::{
    Existing, Outcome, Request, RequestId,
    connection::{Connection, Step},
    error::{Fault, Reason},
    flight::{Answer, Flight},
};
use crate::packet::{Extended, Extension, PacketType, Request as Packet, StatusCode};

/// A rename under way.
#[derive(Debug, Default)]
pub(super) struct RenameRun {
    /// For a replacement in two steps: what is left of them.
    rest: Option<(Packet, Packet)>,
    removed: bool,
}

impl RenameRun {
    pub(super) fn begin(
        &mut self,
        connection: &mut Connection,
        id: RequestId,
        request: &Request,
    ) -> Step {
        let Request::Rename { from, to, existing } = request else {
            return None;
        };
        let (from, to) = (from.clone(), to.clone());
        let atomic = match existing {
            Existing::Keep => false,
            Existing::Replace => true,
            Existing::ReplaceInTwoSteps => connection.offers(Extension::PosixRename),
        };
        let packet = if atomic {
            Packet::Extended(Extended::PosixRename { from, to })
        } else {
            let rename = Packet::Rename {
                from,
                to: to.clone(),
            };
            if *existing == Existing::ReplaceInTwoSteps {
                self.rest = Some((Packet::Remove(to), rename.clone()));
            }
            rename
        };
        connection.ask(id, packet).err().map(Err)
    }

    pub(super) fn on_answer(
        &mut self,
        connection: &mut Connection,
        id: RequestId,
        flight: &Flight,
        answer: Answer,
    ) -> Step {
        let next = match (flight.packet, answer) {
            (PacketType::REMOVE, Ok(_)) => {
                self.removed = true;
                self.rest.take().map(|(_, rename)| rename)
            }
            (_, Ok(_)) => return Some(Ok(Outcome::Done)),
            // A refusal that says nothing of the target is no reason to remove it.
            (PacketType::RENAME, Err(reason)) if self.rest.is_some() && !self.removed => {
                if !may_exist(&reason) {
                    return Some(Err(Fault::new(PacketType::RENAME, reason)));
                }
                self.rest.as_ref().map(|(remove, _)| remove.clone())
            }
            (packet, Err(reason)) => {
                let mut fault = Fault::new(packet, reason);
                fault.removed = self.removed;
                return Some(Err(fault));
            }
        };
        let sent = connection.send(Some(id), next?);
        sent.err().map(|mut fault| {
            fault.removed = self.removed;
            Err(fault)
        })
    }
}

/// Whether a RENAME may have failed because the new path exists. Version 3 has no code for it;
/// 11 is the one of later versions.
const fn may_exist(reason: &Reason) -> bool {
    match reason {
        Reason::Status(status) => {
            matches!(status.code, StatusCode::Failure | StatusCode::Other(11))
        }
        _ => false,
    }
}
