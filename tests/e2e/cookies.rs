//! Cookies that are over or out of place, guesses at who there is, and paths that lead elsewhere.

use harness::{Server, Visitor};

#[test]
fn a_cookie_that_is_over_or_in_the_wrong_place_is_worth_nothing() {
    let server = Server::with_checkout();
    let ada = server.signed_in("ada", &["--admin"]);
    let _ = server.new_person("root", &["--admin"]);
    let cookie = ada.cookie();
    let text = cookie.split_once('=').unwrap().1.to_owned();
    let tries = |cookie: &str| {
        let thief = Visitor::of(&server);
        thief.hold(cookie);
        thief.get("/account").status
    };
    assert_eq!(tries(&cookie), 200, "a good one, as long as nobody noticed");
    let cut: String = text.chars().take(text.len() - 1).collect();
    let others = [
        format!("waterbear={cut}"),
        format!("waterbear={text}A"),
        format!("waterbear={}", text.to_uppercase()),
        format!("waterbear={}", server.token()),
        format!("waterbear={}", "A".repeat(5_000)),
        format!("__Host-waterbear={text}"),
        format!("Waterbear={text}"),
        "waterbear=%00".to_owned(),
    ];
    for other in others {
        assert_eq!(tries(&other), 303, "{other}");
    }
    server.send(server.request_as(&text, "GET", "/api/v1/tokens")).problem(401, "unauthenticated");
    // A token that is no good is not made up for by a session beside it.
    let both = ada.request("GET", "/api/v1/tokens").bearer_auth("wb_nonsense");
    server.send(both).problem(401, "unauthenticated");
    let _ = server.cli(&["user", "disable", "ada"]).ok();
    let began = std::time::Instant::now();
    while tries(&cookie) == 200 {
        // Another process did it: this one looks again within seconds.
        assert!(began.elapsed().as_secs() < 30, "a disabled account is still signed in");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(tries(&cookie), 303);
}

#[test]
fn the_same_work_is_done_whoever_is_said_to_sign_in() {
    let server = Server::start();
    let good = server.new_person("ada", &[]);
    let _ = server.new_person("gone", &[]);
    let _ = server.cli(&["user", "disable", "gone"]).ok();
    let count = |name: &str| -> u64 {
        let text = server.get("/metrics").expect(200).text();
        let line = text.lines().find_map(|l| l.strip_prefix(name).map(str::trim).map(str::to_owned));
        line.unwrap_or_default().parse().unwrap_or(0)
    };
    let work = || {
        let records = server.json("/api/v1/audit?limit=500")["items"].as_array().map_or(0, Vec::len);
        (count("waterbear_password_checks_total"), records)
    };
    let long = "x".repeat(5_000);
    for (login, password) in [
        ("ada", "wrong"),
        ("nobody", "wrong"),
        ("gone", "wrong"),
        ("nobody", ""),
        ("ada", ""),
        ("a b <c>", "wrong"),
        ("", "wrong"),
        ("ada", &long),
        ("nobody", &long),
        ("nobody", &good),
    ] {
        let before = work();
        let _ = Visitor::of(&server).sign_in(login, password).expect(401);
        let after = work();
        assert_eq!(
            (after.0 - before.0, after.1 - before.1),
            (1, 1),
            "{login:?} with {} bytes",
            password.len()
        );
    }
}

#[test]
fn no_path_leads_out_of_the_tables() {
    let server = Server::with_checkout();
    let root = server.signed_in("root", &["--admin"]);
    let odd = [
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%5c..%5cwindows%5cwin.ini",
        "....%2f%2f....%2f%2fetc%2fpasswd",
        "%252e%252e%252fetc%252fpasswd",
        "%c0%ae%c0%ae%c0%afetc%c0%afpasswd",
        "alpha%00.css",
        "%0d%0aX-Injected:%20zq",
        "waterbear.toml",
    ];
    let mut tried = 0;
    for route in waterbear::http::routes::all().filter(|r| r.method == "GET" && r.path.contains('{')) {
        for name in odd {
            let path: String = route
                .path
                .split(['{', '}'])
                .enumerate()
                .map(|(n, part)| if n % 2 == 1 { name } else { part })
                .collect();
            let reply = root.get(&path);
            // A badge of nobody is a grey one; who ends their mails is not told whether there were any.
            let grey =
                path.starts_with("/badges/") && reply.status == 200 && reply.text().contains("unknown");
            let grey = grey || (path.starts_with("/unsubscribe/") && reply.status == 200);
            assert!(grey || (400..500).contains(&reply.status), "{path}: {}", reply.status);
            assert!(!reply.text().contains("root:") && !reply.text().contains("[fonts]"), "{path}");
            assert_eq!(reply.header("x-injected"), "", "{path}");
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    for path in ["/search?q=%00", "/services?q=a%00&team=%00", "/drills?team=%00", "/activity?service=%00"] {
        assert_eq!(root.get(path).status, 404, "{path}");
    }
}
