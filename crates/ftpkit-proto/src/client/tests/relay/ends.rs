//! How errands end: refusals, timers, giving up, and connections that are lost.

use super::*;

#[test]
fn what_fails_on_the_one_side_is_stopped_on_the_other() {
    scenes(
        &Setting::default(),
        &[STARTED, ARRANGED],
        &[
            // Nothing was stored, and nothing is.
            "
            1 S: 550 No such file
            ended 1 failed Command 1 550 227
            start /f /g
            2 C: PASV
            ",
            "
            1 S: 150 Here
            2 C: STOR /g
            2 S: 553 No such name
            1 C: ABOR
            1 S: 426 Stopped
            1 C: PWD
            1 S: 226 Fine ~ 257 \"/\"
            ended 1 failed Command 2 426 553
            1 ask noop
            1 C: NOOP
            1 S: 226 Really ~ 200 Yes
            1 done 1 200 Yes
            ",
            // What ends by itself meanwhile.
            "
            1 S: 150 Here
            2 C: STOR /g
            2 S: 150 Come
            2 S: 452 Full
            1 C: ABOR
            1 S: 226 Sent
            1 C: PWD
            1 S: 225 Nothing runs ~ 257 \"/\"
            ended 1 failed Confirm 2 226 452
            ",
            "
            1 S: 150 Here
            2 C: STOR /g
            2 S: 150 Come
            1 S: 426 It broke
            2 C: ABOR
            2 S: 226 Stored
            2 C: PWD
            2 S: 226 Nothing runs ~ 257 \"/\"
            ended 1 failed Confirm 1 426 226
            ",
            // A server that does not answer ABOR is lost.
            "
            1 S: 150 Here
            2 C: STOR /g
            2 S: 553 No such name
            1 C: ABOR
            wait 30
            1 closed timed out: the server did not reply
            ended 1 failed Command 2 200 553
            2 ask noop
            2 C: NOOP
            ",
        ],
    );
}

#[test]
fn time_runs_out() {
    let flowing = "
        1 S: 150 Here
        2 C: STOR /g
        2 S: 150 Come
    ";
    let stopped = "
        1 S: 426 Stopped
        1 C: PWD
        2 S: 426 Stopped
        2 C: PWD
        1 S: 226 Fine ~ 257 \"/\"
        2 S: 226 Fine ~ 257 \"/\"
    ";
    scenes(
        &Setting::default(),
        &[STARTED, ARRANGED, flowing],
        &[
            // After a day.
            &format!(
                "
                wait 86399
                wait 1
                1 C: ABOR
                2 C: ABOR
                {stopped}
                ended 1 failed Payload 0 426 426
                "
            ),
            // A minute after the first confirmation.
            "
            wait 80000
            1 S: 226 Sent
            wait 59
            wait 1
            2 C: ABOR
            2 S: 451 Stopped
            2 C: PWD
            2 S: 226 Fine ~ 257 \"/\"
            ended 1 failed Confirm 2 226 451
            ",
            "
            2 S: 226 Stored
            wait 60
            1 C: ABOR
            1 S: 226 Sent
            1 C: PWD
            1 S: 226 Fine ~ 257 \"/\"
            ended 1 failed Confirm 1 226 226
            ",
        ],
    );
    // Each command but the transfers has its own time.
    scenes(
        &Setting::default(),
        &[STARTED],
        &["
            wait 30
            2 closed timed out: the server did not reply
            ended 1 failed Prepare 2 200 200
            1 ask noop
            1 C: NOOP
            "],
    );
}

#[test]
fn the_application_gives_up() {
    scenes(
        &Setting::default(),
        &[STARTED],
        &[
            // A reply is due.
            "
            stop 1
            stop 1
            2 S: 227 Fine (192,0,2,2,195,80)
            ended 1 failed Aborted 0 200 227
            1 ask noop
            1 C: NOOP
            ",
            &format!(
                "{ARRANGED}
                stop 1
                1 C: ABOR
                1 S: 150 Here ~ 426 Stopped
                1 C: PWD
                1 S: 226 Fine ~ 257 \"/\"
                ended 1 failed Aborted 0 426 227
                "
            ),
            // It stays given up, although the servers came to no connection.
            &format!(
                "{ARRANGED}
                1 S: 150 Here
                2 C: STOR /g
                2 S: 425 Who was that?
                1 C: ABOR
                stop 1
                1 S: 426 Stopped
                1 C: PWD
                1 S: 226 Fine ~ 257 \"/\"
                ended 1 failed Connect 2 426 425
                "
            ),
        ],
    );
    // Before its turn.
    scenes(
        &Setting::default(),
        &[],
        &["
            1 ask noop
            1 C: NOOP
            start /f /g
            stop 1
            ended 1 failed Aborted 0 - -
            2 ask pwd
            2 C: PWD
            1 S: 200 Yes
            1 done 1 200 Yes
            "],
    );
}

#[test]
fn a_connection_is_lost() {
    scenes(
        &Setting::default(),
        &[STARTED],
        &[
            "
            2 S: 421 Bye
            2 closed the server closes the session: 421 Bye
            ended 1 failed Prepare 2 200 421
            start /f /g
            ended 2 rejected
            1 ask noop
            1 C: NOOP
            1 eof
            1 done 1 lost
            1 closed the control connection was closed by the peer
            start /f /g
            ended 3 rejected
            ",
            // The reply that is due is awaited before the other connection is given back.
            "
            1 ask noop
            1 eof
            1 done 1 rejected
            1 closed the control connection was closed by the peer
            2 S: 227 Fine (192,0,2,2,195,80)
            ended 1 failed Prepare 1 200 227
            ",
            &format!(
                "{ARRANGED}
                1 S: 150 Here
                2 C: STOR /g
                2 S: 150 Come
                1 S: 421 Bye
                1 closed the server closes the session: 421 Bye
                2 C: ABOR
                2 S: 426 Stopped
                2 C: PWD
                2 S: 226 Fine ~ 257 \"/\"
                ended 1 failed Payload 1 421 426
                2 ask noop
                2 C: NOOP
                "
            ),
        ],
    );
}

#[test]
fn a_strict_relay_closes_on_what_nobody_asked() {
    let mut setting = Setting::default();
    setting.config.lenient = false;
    scenes(
        &setting,
        &[STARTED],
        &["
            1 S: 200 Again
            1 closed the peer broke the protocol: a reply came that answers no command
            2 S: 227 Fine (192,0,2,2,195,80)
            ended 1 failed Prepare 1 200 227
            "],
    );
    scenes(
        &Setting::default(),
        &[STARTED],
        &["
            1 S: 200 Again
            2 S: 227 Fine (192,0,2,2,195,80)
            1 C: PORT 192,0,2,2,195,80
            "],
    );
}
