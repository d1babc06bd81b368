//! A session again, from its transcript: one machine alone, to which all happens that happened
//! to it then.

use ftpkit_proto::{Instant, Output};

use crate::{
    net::Side,
    player::{Input, Player, Told},
    settings::Settings,
    transcript::{Transcript, What},
    words,
};

impl Transcript {
    /// Lets happen to a new machine of this side what happened to the old one: the other side's
    /// lines, in the same pieces at the same times, and what its driver and its application
    /// told it. The new transcript has what it put out.
    ///
    /// # Panics
    /// When the transcript does not tell what happened, or as the machine does.
    #[must_use]
    pub fn replay(&self, side: Side) -> Self {
        self.replay_in_pieces(side, usize::MAX)
    }

    /// Like [`replay`](Self::replay), with the other side's lines in pieces of this size.
    ///
    /// A piece that would come where TLS begins or ends on the control connection does not come:
    /// no driver reads there. All that follows is left out too.
    ///
    /// # Panics
    /// When the transcript does not tell what happened, or as the machine does.
    #[must_use]
    pub fn replay_in_pieces(&self, side: Side, size: usize) -> Self {
        self.replay_until_tls(side, size).0
    }

    /// Whether it could be replayed to its end stands beside it.
    pub(crate) fn replay_until_tls(&self, side: Side, size: usize) -> (Self, bool) {
        let mut stage = Stage::new(self.settings.clone(), side);
        // What the other side has sent and this one has not taken.
        let mut wire = Vec::new();
        for line in &self.lines {
            match &line.what {
                What::Said(bytes, _) if line.side != side => wire.extend_from_slice(bytes),
                What::Happened(what) if line.side == side => {
                    let input = words::input(what);
                    let input = input.unwrap_or_else(|| panic!("what is `{what}`?"));
                    let Input::Bytes(taken) = input else {
                        stage.happen(line.at, input);
                        continue;
                    };
                    assert!(taken.len() <= wire.len(), "`{what}` takes too much");
                    let rest = wire.split_off(taken.len());
                    for piece in wire.chunks(size) {
                        if stage.tls_changes && size != usize::MAX {
                            return (stage.transcript, false);
                        }
                        stage.happen(line.at, Input::Bytes(piece.to_vec()));
                    }
                    wire = rest;
                }
                _ => {}
            }
        }
        (stage.transcript, true)
    }
}

/// A machine, and what becomes of it.
struct Stage {
    side: Side,
    player: Box<dyn Player>,
    transcript: Transcript,
    closed: bool,
    /// TLS was asked for, or its end, and has not come.
    tls_changes: bool,
}

impl Stage {
    fn new(settings: Settings, side: Side) -> Self {
        let player = player(&settings, side);
        let mut stage = Self {
            side,
            player,
            transcript: Transcript::new(settings, true),
            closed: false,
            tls_changes: false,
        };
        stage.drain(Instant::START);
        stage
    }

    fn happen(&mut self, now: Instant, input: Input) {
        self.transcript.happened(now, self.side, &input);
        self.tls_changes &= !matches!(input, Input::Tls(_));
        self.player.take(now, input);
        self.drain(now);
    }

    fn drain(&mut self, now: Instant) {
        loop {
            let output = self.player.poll();
            match output {
                Output::Wait(_) => return,
                Output::Closed(_) if self.closed => return,
                Output::Closed(_) => self.closed = true,
                Output::StartTls | Output::StopTls => self.tls_changes = true,
                _ => {}
            }
            note(&mut self.transcript, now, self.side, &*self.player, &output);
        }
    }
}

/// A machine of this side.
pub(crate) fn player(settings: &Settings, side: Side) -> Box<dyn Player> {
    let (client, server) = settings.players();
    match side {
        Side::Client => Box::new(client),
        Side::Server => Box::new(server),
    }
}

/// Writes an output down.
pub(crate) fn note(
    transcript: &mut Transcript,
    now: Instant,
    side: Side,
    player: &dyn Player,
    output: &Output<Told>,
) {
    match output {
        Output::Write(bytes) => transcript.wrote(now, side, bytes, false),
        Output::WriteUrgent(bytes) => transcript.wrote(now, side, bytes, true),
        Output::StartTls => transcript.did(now, side, "starts TLS"),
        Output::StopTls => transcript.did(now, side, "ends TLS"),
        Output::Data(id, request) => transcript.did(now, side, format_args!("{id}: {request:?}")),
        Output::Event(Told::Client(event)) => {
            transcript.did(now, side, format_args!("{event:?}"));
        }
        Output::Event(Told::Server(event)) => {
            transcript.did(now, side, format_args!("{event:?}"));
        }
        Output::Event(Told::Asked) => {
            transcript.did(now, side, format_args!("asks {:?}", player.pending()));
        }
        Output::Closed(Ok(())) => transcript.did(now, side, "closes"),
        Output::Closed(Err(error)) => transcript.did(now, side, format_args!("closes: {error}")),
        other => transcript.did(now, side, format_args!("{other:?}")),
    }
}
