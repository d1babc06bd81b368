//! Who listens and who calls, what is named to whom, and TLS between two servers.

use super::*;

/// The address that is named is that of the control connection's peer, on a port that may be.
#[test]
fn no_third_host_is_named() {
    let naming = |told: &str, port: &str| {
        [
            READY,
            STARTED,
            &format!("2 S: 227 Fine ({told})\n1 C: PORT {port}\n"),
        ]
        .concat()
    };
    let setting = Setting::default();
    play_scene(&setting, &naming("10,0,0,1,195,80", "192,0,2,2,195,80"));
    let mut trusting = setting.clone();
    trusting.relay.trust_passive_address = true;
    play_scene(&trusting, &naming("10,0,0,1,195,80", "10,0,0,1,195,80"));
    play_scene(&trusting, &naming("0,0,0,0,195,80", "192,0,2,2,195,80"));
    // Reserved ports, and replies without an address: the next way.
    for setting in [&setting, &trusting] {
        for told in ["(10,0,0,1,0,25)", "(10,0,0,1,0,0)", "somewhere"] {
            let script = format!("2 S: 227 Fine {told}\n2 C: EPSV\n");
            play_scene(setting, &[READY, STARTED, &script].concat());
        }
    }
    // To the other server an address like this names the other server.
    let mut local = setting.clone();
    local.peers = ["192.0.2.1:21", "127.0.0.1:21"];
    play_scene(
        &local,
        &[
            READY,
            STARTED,
            "
            2 S: 227 Fine (127,0,0,1,195,80)
            2 C: EPSV
            2 S: 229 Fine (|||50000|)
            1 C: PASV
            1 S: 227 Fine (192,0,2,1,195,80)
            2 C: PORT 192,0,2,1,195,80
            ",
        ]
        .concat(),
    );
    local.peers = ["127.0.0.1:2121", "127.0.0.1:21"];
    play_scene(&local, &naming("127,0,0,1,195,80", "127,0,0,1,195,80"));
}

#[test]
fn over_ipv6() {
    let mut setting = Setting::default();
    setting.peers = ["[2001:db8::1]:21", "[2001:db8::2]:21"];
    play_scene(
        &setting,
        &[
            READY,
            &STARTED.replace("PASV", "EPSV"),
            "
            2 S: 229 Fine (|||50000|)
            1 C: EPRT |2|2001:db8::2|50000|
            1 S: 200 Fine
            1 C: RETR /f
            ",
        ]
        .concat(),
    );
}

#[test]
fn where_the_one_way_is_refused_the_two_change_places() {
    let other_way = "
        1 C: PASV
        1 S: 227 Fine (192,0,2,1,195,81)
        2 C: PORT 192,0,2,1,195,81
        2 S: 200 Fine
        1 C: RETR /f
        wait 2
        2 C: STOR /g
        2 S: 150 Come
        1 S: 150 Here
        1 S: 226 Sent
        2 S: 226 Stored
        ended 1 transferred 226 226
    ";
    let refused_too = "
        1 C: PASV
        1 S: 227 Fine (192,0,2,1,195,81)
        2 C: PORT 192,0,2,1,195,81
        2 S: 500 I call nobody else
        ended 1 failed Connect 2 227 500
    ";
    for end in thin([other_way, refused_too], 2) {
        scenes(
            &Setting::default(),
            &[STARTED],
            &[
                // The destination listens for nobody.
                &format!(
                    "
                    2 S: 502 What?
                    2 C: EPSV
                    2 S: 425 No port
                    {end}"
                ),
                // The source calls nobody but its client.
                &format!(
                    "
                    2 S: 227 Fine (192,0,2,2,195,80)
                    1 C: PORT 192,0,2,2,195,80
                    1 S: 500 I call nobody else
                    {end}"
                ),
                // The source cannot call.
                &format!(
                    "{ARRANGED}
                    1 S: 425 It does not answer
                    {end}"
                ),
                &format!(
                    "{ARRANGED}
                    1 S: 150 Here
                    2 C: STOR /g
                    2 S: 150 Come
                    1 S: 425 It does not answer
                    2 C: ABOR
                    2 S: 426 Stopped
                    2 C: PWD
                    2 S: 226 Fine ~ 257 \"/\"
                    {end}"
                ),
                // The destination hangs up on everybody but its client.
                &format!(
                    "{ARRANGED}
                    1 S: 150 Here
                    2 C: STOR /g
                    2 S: 425 Who was that?
                    1 C: ABOR
                    1 S: 426 It hung up ~ 225 Nothing to abort
                    1 C: PWD
                    1 S: 257 \"/\"
                    {end}"
                ),
                &format!(
                    "{ARRANGED}
                    1 S: 150 Here
                    2 C: STOR /g
                    1 S: 426 It hung up
                    2 C: ABOR
                    2 S: 425 Who was that?
                    2 C: PWD
                    2 S: 226 Fine ~ 257 \"/\"
                    {end}"
                ),
            ],
        );
    }
}

#[test]
fn the_source_may_listen_first() {
    let mut setting = Setting::default();
    setting.relay.listens = Side::Source;
    setting.relay.patience = Duration::ZERO;
    play_scene(
        &setting,
        &[
            READY,
            &STARTED.replace("2 C: PASV", "1 C: PASV"),
            "
            1 S: 227 Fine (192,0,2,1,195,81)
            2 C: PORT 192,0,2,1,195,81
            2 S: 200 Fine
            1 C: RETR /f
            2 C: STOR /g
            2 S: 150 Come
            1 S: 550 No
            2 C: ABOR
            2 S: 226 Nothing came
            2 C: PWD
            2 S: 225 Fine ~ 257 \"/\"
            ended 1 failed Command 1 550 226
            ",
        ]
        .concat(),
    );
}

/// Both control connections, and the data connections of both, under TLS.
const SECURED: &str = "
    1 ask secure
    1 C: AUTH TLS
    1 S: 234 Go
    1 StartTls
    1 tls started
    1 C: PBSZ 0
    1 S: 200 Fine
    1 C: PROT P
    1 S: 200 Fine
    1 done 1 200 Fine
    2 ask secure
    2 C: AUTH TLS
    2 S: 234 Go
    2 StartTls
    2 tls started
    2 C: PBSZ 0
    2 S: 200 Fine
    2 C: PROT P
    2 S: 200 Fine
    2 done 1 200 Fine
";

fn lists(number: u8, feature: &str) -> String {
    format!(
        "
        {number} ask features
        {number} C: FEAT
        {number} S: 211-Features ~  {feature} ~ 211 End
        {number} done 2 features {feature}
        "
    )
}

#[test]
fn under_tls_one_server_is_made_the_client() {
    let typed = STARTED.replace("2 C: PASV", "");
    let end = "
        1 C: RETR /f
        1 S: 150 Here
        2 C: STOR /g
        2 S: 150 Come
        1 S: 226 Sent
        2 S: 226 Stored
    ";
    // By CPSV, whatever the other one can do.
    let cpsv = "
        2 C: CPSV
        2 S: 227 Fine (192,0,2,2,195,80)
        1 C: PORT 192,0,2,2,195,80
        1 S: 200 Fine
    ";
    let ended = "ended 1 transferred 226 226\n";
    let setting = Setting::default();
    for listed in [String::new(), lists(2, "CPSV")] {
        let script = [READY, SECURED, &listed, &typed, cpsv, end, ended].concat();
        play_scene(&setting, &script);
    }
    // By SSCN, of the one that listens or of the other one. It is taken back.
    for (number, listed) in [
        (2, lists(2, "SSCN")),
        (1, lists(2, "PRET") + &lists(1, "SSCN")),
    ] {
        let on = format!("{number} C: SSCN ON\n{number} S: 200 SSCN:CLIENT METHOD\n");
        let on_first = match number {
            // Each server is asked its things together.
            1 => typed.replace(
                "1 S: 200 Fine\n",
                "1 S: 200 Fine\n1 C: SSCN ON\n1 S: 200 SSCN:CLIENT METHOD\n",
            ),
            _ => typed.clone() + &on,
        };
        let pasv = cpsv.replace("CPSV", "PASV");
        let pasv = match listed.contains("PRET") {
            true => "2 C: PRET STOR /g\n2 S: 200 Fine\n".to_string() + pasv.trim_start(),
            false => pasv,
        };
        let off = format!("{number} C: SSCN OFF\n{number} S: 200 SSCN:SERVER METHOD\n");
        let script = [READY, SECURED, &listed, &on_first, &pasv, end, &off, ended];
        play_scene(&setting, &script.concat());
    }
    // Where nothing is listed all is tried, and at last given up.
    let script = [
        READY,
        SECURED,
        &typed,
        "
        2 C: CPSV
        2 S: 500 What?
        2 C: SSCN ON
        2 S: 500 What?
        1 C: SSCN ON
        1 S: 200 SSCN:CLIENT METHOD
        2 C: PASV
        2 S: 227 Fine (192,0,2,2,195,80)
        1 C: PORT 192,0,2,2,195,80
        1 S: 500 I call nobody else
        # The other way round.
        1 C: SSCN OFF
        1 S: 200 SSCN:SERVER METHOD
        1 C: CPSV
        1 S: 425 Not now
        1 C: SSCN ON
        1 S: 200 SSCN:CLIENT METHOD
        1 C: PASV
        1 S: 425 Not now
        1 C: EPSV
        1 S: 425 Not now
        1 C: SSCN OFF
        1 S: 502 Never
        ended 1 failed Connect 1 425 227
        ",
    ];
    play_scene(&setting, &script.concat());
}

#[test]
fn one_under_tls_and_one_in_clear_do_not_fit() {
    let of_source = |line: &&str| line.trim().starts_with('1');
    let half: Vec<&str> = SECURED.lines().filter(of_source).collect();
    let half = half.join("\n");
    play_scene(
        &Setting::default(),
        &[
            READY,
            &half,
            "\nstart /f /g\nended 1 failed Connect 0 - -\n",
        ]
        .concat(),
    );
}

#[test]
fn epsv_all_leaves_one_way() {
    let only_epsv = |number: u8| {
        format!(
            "
            {number} ask epsv ALL
            {number} C: EPSV ALL
            {number} S: 200 Fine
            {number} done 1 200 Fine
            "
        )
    };
    let start = STARTED.replace("2 C: PASV", "");
    for (number, then) in [
        (
            2,
            "2 C: EPSV\n2 S: 229 Fine (|||50000|)\n1 C: PORT 192,0,2,2,195,80",
        ),
        (
            1,
            "1 C: EPSV\n1 S: 229 Fine (|||50000|)\n2 C: PORT 192,0,2,1,195,80",
        ),
    ] {
        let script = [READY, &only_epsv(number), &start, then].concat();
        play_scene(&Setting::default(), &script);
    }
    let script = [
        READY,
        &only_epsv(1),
        &only_epsv(2),
        "start /f /g\nended 1 failed Connect 0 - -\n",
    ];
    play_scene(&Setting::default(), &script.concat());
}

#[test]
fn under_implicit_tls_one_server_is_made_the_client_too() {
    let mut setting = Setting::default();
    setting.config.implicit_tls = true;
    setting.peers = ["192.0.2.1:990", "192.0.2.2:990"];
    let script = "
        1 StartTls
        2 StartTls
        start /f /g
        1 tls started
        1 S: 220 Hello
        1 greeting 220
        2 tls started
        2 S: 220 Hello
        1 C: TYPE I
        2 greeting 220
        1 S: 200 Fine
        2 C: TYPE I
        2 S: 200 Fine
        2 C: CPSV
    ";
    play_scene(&setting, script);
}
