//! `ftpkit inspect transcript`: an object a line, who said what, what the session is in
//! behind it, and what is odd. The explaining itself is the core's.

use ftpkit::proto::transcript::{Explainer, Login, Said, State, without_secret};

use super::{
    Input, Line, Object, Out,
    command::{self, error_object},
    odd, reply,
};
use crate::output::Reader;

pub(super) fn run(input: Input, out: &mut Out) -> anyhow::Result<()> {
    let mut explainer = Explainer::new();
    let mut number = 0;
    let read = input.each_line(out, |line, out| {
        number += 1;
        let mut object = Object::default();
        object.number("line", number);
        match line {
            Line::Whole(line) => explain(&mut explainer, line, &mut object),
            Line::TooLong(line) => {
                object.bytes("unparsed", &without_secret(line));
                object.text("reason", "the line is longer than the limit");
            }
        }
        out.put(object)
    })?;
    let state = *explainer.state();
    let found = explainer.finish();
    if read == Reader::Listens && !found.is_empty() {
        let mut object = Object::default();
        object.flag("end", true);
        object.object("state", state_object(&state));
        odd(&mut object, &found);
        out.put(object)?;
    }
    out.flush()?;
    Ok(())
}

fn explain(explainer: &mut Explainer, line: &[u8], object: &mut Object) {
    let explained = explainer.push_line(line);
    match &explained.said {
        Said::Remark(text) => return object.bytes("remark", &without_secret(text)),
        Said::Command(command) => {
            object.text("from", "client");
            object.object("command", command::object(command));
            let allowed = command.replies().iter().map(|code| code.number().into());
            object.numbers("allowed", allowed);
        }
        Said::UnreadableCommand { text, error } => {
            object.text("from", "client");
            object.append(error_object(text, *error));
        }
        Said::ReplyPart(text) => {
            object.text("from", "server");
            object.bytes("part", text);
        }
        Said::Reply { reply, to } => {
            object.text("from", "server");
            object.object("reply", reply::object(reply, *to));
            if let Some(verb) = to {
                object.text("to", verb.as_str());
            }
        }
        Said::UnreadableReply { text, error } => {
            object.text("from", "server");
            object.bytes("unparsed", text);
            object.text("reason", &error.to_string());
        }
        _ => {}
    }
    object.object("state", state_object(explainer.state()));
    odd(object, &explained.findings);
}

fn state_object(state: &State) -> Object {
    let mut object = Object::default();
    object.text(
        "login",
        match state.login {
            Login::Unready => "unready",
            Login::NameGiven => "name given",
            Login::AccountAsked => "account asked",
            Login::In => "in",
            Login::Ended => "ended",
            _ => "out",
        },
    );
    object.flag("tls", state.secured);
    object.flag("private", state.private);
    object.text("type", &state.representation.to_string());
    object.text("mode", &state.mode.to_string());
    object.text("structure", &state.structure.to_string());
    for (name, verb) in [("data", state.data), ("transfer", state.transfer)] {
        if let Some(verb) = verb {
            object.text(name, verb.as_str());
        }
    }
    if state.offset != 0 {
        object.number("offset", state.offset);
    }
    for (name, is) in [("renaming", state.renaming), ("epsv_all", state.epsv_all)] {
        if is {
            object.flag(name, true);
        }
    }
    object.number("waiting", state.waiting as u64);
    object
}
